/** Grants for people. Pure. */
import { relative } from '../sandbox/screen/durations.ts';
import type { Grant } from './keeper.ts';
import { type Cell, cell, type Paint, properties, table } from './table.ts';
import type { Colors } from './terminal.ts';

export const when = (time: string | undefined, nowMs: number): string =>
  time === undefined ? '-' : relative(Date.parse(time), nowMs);

/** `in 5 d 3 h (2026-01-31T12:00:00.000Z)`. */
const exactly = (time: string | undefined, nowMs: number): Cell | undefined =>
  time === undefined ? undefined : cell(`${when(time, nowMs)} (${time})`);

const statePaint = (state: Grant['state'], colors: Colors): Paint => {
  switch (state) {
    case 'active':
      return colors.green;
    case 'reauthorize':
      return colors.red;
    case 'revoking':
      return colors.yellow;
    case 'revoked':
      return colors.dim;
  }
};

/** What is remarkable about a grant just now, or its label. */
export const noteOf = ({ holdUntil, refreshing, failures, lastError, label = '' }: Grant, nowMs: number) => {
  const code = lastError === undefined ? '' : ` (${lastError.code})`;
  if (holdUntil !== undefined) return `on hold${code}, over ${when(holdUntil, nowMs)}`;
  if (refreshing) return 'being refreshed';
  if (failures > 0) return `failed ${failures}×${code}`;
  return lastError === undefined ? label : lastError.code;
};

const headings = ['grant', 'state', 'strategy', 'gen', 'access token dies', 'refresh token dies', 'due', ''];

const rowOf = (grant: Grant, nowMs: number, colors: Colors): Cell[] => [
  cell(grant.grantId, colors.bold),
  cell(grant.state, statePaint(grant.state, colors)),
  cell(grant.strategy),
  cell(String(grant.generation)),
  cell(when(grant.accessExpiresAt, nowMs)),
  cell(when(grant.refreshExpiresAt, nowMs)),
  cell(when(grant.dueAt, nowMs)),
  cell(noteOf(grant, nowMs), grant.failures > 0 ? colors.yellow : colors.dim),
];

/** `columns`: no line is longer. */
export const grantTable = (
  grants: readonly Grant[],
  nowMs: number,
  colors: Colors,
  columns?: number,
): string[] =>
  table(
    headings.map(heading => cell(heading, colors.dim)),
    grants.map(grant => rowOf(grant, nowMs, colors)),
    columns,
  );

/** Everything of one grant. Times say when that is, and the time itself. */
export const grantProperties = (grant: Grant, nowMs: number, colors: Colors): string[] => {
  const text = (value: string | undefined) => (value === undefined ? undefined : cell(value));
  const { lastError, holdUntil, kind, credential } = grant;
  return properties([
    ['grant', cell(grant.grantId, colors.bold)],
    ['label', text(grant.label)],
    ['state', cell(grant.state, statePaint(grant.state, colors))],
    ['kind', text(kind)],
    ['credential', text(credential)],
    ['strategy', cell(grant.strategy)],
    ['generation', cell(String(grant.generation))],
    ['app', cell(grant.app)],
    ['server', cell(grant.server)],
    ['owner', cell(grant.ownerId)],
    ['endpoint', text(grant.endpointId)],
    ['scope', text(grant.scope)],
    ['access token dies', exactly(grant.accessExpiresAt, nowMs)],
    ['refresh token dies', exactly(grant.refreshExpiresAt, nowMs)],
    ['promised until', exactly(grant.cacheUntil, nowMs)],
    ['due', exactly(grant.dueAt, nowMs)],
    [
      'being refreshed',
      grant.refreshing ? cell('yes, the outcome is not known yet', colors.yellow) : undefined,
    ],
    [
      'on hold until',
      holdUntil === undefined ? undefined : cell(`${when(holdUntil, nowMs)} (${holdUntil})`, colors.yellow),
    ],
    ['failures', grant.failures === 0 ? undefined : cell(`${grant.failures} in a row`, colors.yellow)],
    ['last error', lastError && cell(`${lastError.code}, ${when(lastError.at, nowMs)}`, colors.yellow)],
    ['connection', cell(grant.connectionId)],
    ['connected', exactly(grant.connectedAt, nowMs)],
    ['tokens stored', exactly(grant.rotatedAt, nowMs)],
  ]);
};
