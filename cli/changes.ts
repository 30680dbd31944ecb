/** What became different between two looks at the grants. Pure. */
import { noteOf, when } from './grant-table.ts';
import type { Grant } from './keeper.ts';

export type Change = {
  readonly event: 'appeared' | 'changed' | 'gone';
  readonly grant: Grant;
  /** Names of the fields that are different. */
  readonly changed: readonly (keyof Grant)[];
};

/** What is worth a line. `updatedAt` changes with every write, and `lastError.at` with every failure, as `failures` does. */
const watched: readonly (keyof Grant)[] = [
  ...(['state', 'strategy', 'generation', 'connectionId', 'ownerId', 'label'] as const),
  ...(['accessExpiresAt', 'refreshExpiresAt', 'dueAt', 'refreshing', 'holdUntil', 'failures'] as const),
  'lastError',
];

const isSame = (a: Grant[keyof Grant], b: Grant[keyof Grant]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export const changesBetween = (before: readonly Grant[], after: readonly Grant[]): Change[] => {
  const known = new Map(before.map(grant => [grant.grantId, grant]));
  const changes = after.flatMap((grant): Change[] => {
    const previous = known.get(grant.grantId);
    known.delete(grant.grantId);
    if (previous === undefined) return [{ event: 'appeared', grant, changed: [] }];
    const changed = watched.filter(name => !isSame(previous[name], grant[name]));
    return changed.length === 0 ? [] : [{ event: 'changed', grant, changed }];
  });
  return [...changes, ...[...known.values()].map(grant => ({ event: 'gone' as const, grant, changed: [] }))];
};

const sayField = (grant: Grant, name: keyof Grant, nowMs: number): string => {
  switch (name) {
    case 'accessExpiresAt':
      return `access token dies ${when(grant.accessExpiresAt, nowMs)}`;
    case 'refreshExpiresAt':
      return `refresh token dies ${when(grant.refreshExpiresAt, nowMs)}`;
    case 'dueAt':
      return `due ${when(grant.dueAt, nowMs)}`;
    case 'refreshing':
      return grant.refreshing ? 'being refreshed' : 'refresh settled';
    case 'holdUntil':
      return grant.holdUntil === undefined ? 'hold over' : noteOf(grant, nowMs);
    case 'lastError':
      return grant.lastError === undefined ? 'error cleared' : `error ${grant.lastError.code}`;
    default:
      return `${name} ${grant[name] ?? '-'}`;
  }
};

/** One line, the time first: it is read in a file, later. */
export const sayChange = ({ event, grant, changed }: Change, nowMs: number): string => {
  const time = new Date(nowMs).toISOString();
  if (event === 'gone') return `${time}  ${grant.grantId}  gone`;
  const names: readonly (keyof Grant)[] =
    event === 'changed' ? changed : ['state', 'generation', 'refreshExpiresAt', 'dueAt'];
  const what = names.map(name => sayField(grant, name, nowMs)).join(', ');
  return `${time}  ${grant.grantId}  ${what}`;
};
