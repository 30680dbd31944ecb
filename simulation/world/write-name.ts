/** The name of a write, told from what it changed. The keeper does not say: only the record does. */
import type { Grant } from '../../functions/domain/grant.ts';

export const writeNames = [
  'connect',
  'confirm claim',
  'withdraw',
  'begin due',
  'begin on demand',
  'begin reported',
  'begin revocation',
  'begin retired',
  'commit',
  'commit that recovers',
  'defer',
  'record penalty',
  'hold',
  'release',
  'refuse',
  'condemn',
  'expire',
  'start over',
  'absolve',
  'reinstate',
  'revoke',
  'revoked',
  'retire',
  'settle retired',
  'announced',
  'reschedule',
] as const;
export type WriteName = (typeof writeNames)[number];

const ofState = (before: Grant, after: Grant): WriteName | undefined => {
  if (before.state === after.state) return undefined;
  switch (after.state) {
    case 'reauthorize':
      return before.refusal === undefined ? 'expire' : 'condemn';
    case 'revoking':
      return 'revoke';
    case 'revoked':
      return before.state === 'revoking' ? 'revoked' : 'withdraw';
    case 'active':
      return after.generation > before.generation ? 'commit that recovers' : 'reinstate';
  }
};

const ofAttempt = (before: Grant, after: Grant): WriteName | undefined => {
  const begins = after.attempt !== undefined && after.attempt.id !== before.attempt?.id;
  if (!begins) return undefined;
  if (after.state === 'revoking') return 'begin revocation';
  if (after.sent === undefined) return 'begin retired';
  if (after.reports !== before.reports) return 'begin reported';
  return after.dueAt === before.dueAt ? 'begin due' : 'begin on demand';
};

const ofEnding = (before: Grant, after: Grant): WriteName | undefined => {
  if (after.retired.length > before.retired.length) return 'retire';
  if (after.retired !== before.retired) return 'settle retired';
  if (before.attempt !== undefined && after.attempt === undefined) {
    return after.failures > before.failures ? 'defer' : 'release';
  }
  if (after.holdUntil === before.holdUntil) return undefined;
  return after.lastError === before.lastError ? 'record penalty' : 'hold';
};

const ofRefusal = (before: Grant, after: Grant): WriteName | undefined => {
  if (after.refusal === before.refusal) return undefined;
  if (after.refusal !== undefined) return 'refuse';
  return after.absolvedAt === before.absolvedAt ? 'start over' : 'absolve';
};

export const nameOfWrite = (before: Grant | undefined, after: Grant): WriteName => {
  if (before === undefined || before.connectionId !== after.connectionId) return 'connect';
  const ofStateChange = ofState(before, after);
  if (ofStateChange !== undefined) return ofStateChange;
  if (after.generation > before.generation) return 'commit';
  if (after.claimed !== before.claimed) return 'confirm claim';
  return (
    ofAttempt(before, after) ??
    ofRefusal(before, after) ??
    (before.announcement !== after.announcement ? 'announced' : undefined) ??
    ofEnding(before, after) ??
    'reschedule'
  );
};
