/** All invariants, listening to everything that happens in a world. */
import { type AppStanding, doubtsApp } from '../../functions/domain/app.ts';
import { type Grant, maxRetiredTokens, type Stored } from '../../functions/domain/grant.ts';
import type { Fact } from '../../functions/keeper/facts.ts';
import type { GrantEvent } from '../../functions/keeper/ports.ts';
import type { Operation } from '../world/operation.ts';
import type { StoreObserver } from '../world/store.ts';
import type { CallObserver } from '../world/token-endpoint.ts';
import { watchCalls } from './calls.ts';
import { type Evidence, originOf } from './evidence.ts';
import { judgeRecord } from './records.ts';
import { type ServedWatch, watchServed } from './served.ts';
import { judgeEnding, judgeOrphans, judgeReuse, judgeVerdict } from './sessions.ts';

export type Watch = StoreObserver &
  CallObserver &
  Pick<ServedWatch, 'served' | 'revocationAcknowledged' | 'refused'> & {
    grantWritten(before: Grant | undefined, after: Stored<Grant>): void;
    standingWritten(before: AppStanding | undefined, after: AppStanding): void;
    published(event: GrantEvent): void;
    observed(fact: Fact): void;
    /** An operation ended with an answer, not in an error. */
    finished(operation: Operation): void;
    /** Nothing is under way any more. */
    atRest(): void;
  };

const noteOrigins = (
  before: Grant | undefined,
  { grantId, connectionId, tokens }: Grant,
  { origins, now }: Evidence,
): void => {
  if (tokens === undefined || tokens === before?.tokens) return;
  for (const token of [tokens.accessToken, tokens.refreshToken]) {
    if (token !== undefined && !origins.has(token))
      origins.set(token, { grantId, connectionId, storedAt: now() });
  }
};

/** What was exchanged and could not be stored is the keeper’s all the same, once it is kept to be ended. */
const noteRetired = ({ grantId, connectionId, retired }: Grant, evidence: Evidence): void => {
  for (const { token } of retired) {
    if (originOf(token, evidence) === undefined)
      evidence.origins.set(token, { grantId, connectionId, storedAt: evidence.now() });
  }
};

const isGone = (grant: Grant | undefined): boolean =>
  grant?.state === 'revoking' || grant?.state === 'revoked';

/** A revocation is not undone by a code that the provider had taken before it. */
const judgeRevival = (before: Grant | undefined, after: Grant, evidence: Evidence): void => {
  const { acting, revokedAt, now, violate } = evidence;
  if (after.state === 'revoking' && before?.state !== 'revoking') revokedAt.set(after.grantId, now());
  const revived = isGone(before) && before?.connectionId !== after.connectionId;
  const exchangedAt = acting?.exchangedAt ?? Number.POSITIVE_INFINITY;
  if (revived && exchangedAt < (revokedAt.get(after.grantId) ?? 0))
    violate('revoke wins', 'a connection that was begun before the revocation came after it');
};

/** The list is bounded: beyond it sessions are left to die by themselves. */
const noteCrowdedOut = (before: Grant | undefined, { retired }: Grant, { crowdedOut }: Evidence): void => {
  if (retired.length < maxRetiredTokens) return;
  for (const { token } of before?.retired ?? []) {
    if (!retired.some(kept => kept.token === token)) crowdedOut.add(token);
  }
};

const noteAttempt = (before: Grant | undefined, after: Grant, evidence: Evidence): void => {
  const { acting } = evidence;
  if (acting === undefined || after.attempt === undefined || after.attempt.id === before?.attempt?.id) return;
  if (after.reports !== before?.reports && after.tokens !== undefined)
    evidence.reported.add(after.tokens.accessToken);
  acting.begun.set(after.grantId, {
    at: evidence.now(),
    faultsBefore: acting.faults.length,
    attemptId: after.attempt.id,
  });
};

export const createWatch = (evidence: Evidence, raced: (loser: string, grantId: string) => void): Watch => {
  const served = watchServed(evidence);
  const withdrawn = new Set<string>();
  const published = new Set<string>();
  const calls = watchCalls(evidence, (token, kind, processed, request) => {
    if (processed.effect === 'rotated') served.rotated(processed);
    const { session } = processed;
    if (session === undefined) return;
    if (kind === 'revoke') judgeEnding(session, evidence);
    const killed = session.end?.reason === 'reuse' && session.end.at === evidence.now();
    if (killed) judgeReuse(session, request, calls.requestsOf(token), evidence);
  });
  const operationOf = (operation: Operation | undefined): Operation => {
    if (operation === undefined) throw new Error('nothing happens outside an operation');
    return operation;
  };
  /** At least once: an announcement goes when subscribers were told, or when it is not true any more. */
  const judgeAnnouncement = (before: Grant | undefined, after: Grant): void => {
    const dropped = before?.announcement !== undefined && after.announcement === undefined;
    if (!dropped || before.connectionId !== after.connectionId || before.state !== after.state) return;
    if (
      before.generation === after.generation &&
      !published.delete(`${before.announcement} ${after.grantId}`)
    ) {
      evidence.violate('events are sent at least once', `${before.announcement} was dropped unsent`);
    }
  };
  const secretless = (what: unknown, where: string): void => {
    if (JSON.stringify(what).includes('SECRET'))
      evidence.violate('no secret is told', `a secret is in ${where}`);
  };
  return {
    served: served.served,
    refused: served.refused,
    revocationAcknowledged: served.revocationAcknowledged,
    sent: (worker, kind, token) => calls.sent(operationOf(worker.operation), kind, token),
    writing: worker => {
      evidence.acting = worker.operation;
    },
    grantSeen: (worker, grantId, stored) =>
      worker.operation?.seen.set(grantId, { stored, at: evidence.now() }),
    writeMissed: (_worker, grantId, name) => raced(name, grantId),
    grantWritten: (before, { value: after }) => {
      noteOrigins(before, after, evidence);
      noteAttempt(before, after, evidence);
      noteRetired(after, evidence);
      noteCrowdedOut(before, after, evidence);
      judgeRecord(before, after, evidence);
      judgeRevival(before, after, evidence);
      if ((after.holdUntil ?? 0) > (before?.holdUntil ?? 0)) {
        calls.penaltyRecorded(operationOf(evidence.acting), after.grantId);
      }
      judgeAnnouncement(before, after);
      const condemned = after.state === 'reauthorize' && before?.state === 'active';
      if (condemned) judgeVerdict(after, evidence);
      if (after.state === 'revoked' && before?.state === 'active') withdrawn.add(after.connectionId);
    },
    standingWritten: (before, after) => {
      const isHeldAnew = (after.holdUntil ?? 0) > (before?.holdUntil ?? 0);
      const { settings } = evidence.scenario;
      const limited = isHeldAnew && settings.rateLimitScope === 'app';
      if (limited || doubtsApp(before, settings)) evidence.heldUpAt.set(after.name, evidence.now());
      if (isHeldAnew) calls.penaltyRecorded(operationOf(evidence.acting), `app ${after.name}`);
    },
    published: event => {
      secretless(event, 'an event');
      published.add(`${event.type} ${event.detail.grantId}`);
    },
    observed: fact => secretless(fact, 'a fact'),
    finished: operation => calls.finished(operation),
    atRest: () => judgeOrphans(evidence, withdrawn),
  };
};
