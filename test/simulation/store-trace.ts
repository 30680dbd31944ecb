/** What a grant store answers to a sequence of operations, with nonces told as the writes that they belong to. */
import { goodStanding } from '../../functions/domain/app.ts';
import { grantStates, type Stored } from '../../functions/domain/grant.ts';
import type { DueHint, GrantStore, Records, Written } from '../../functions/keeper/ports.ts';
import { ids, lanes, type Previous, type Step, type WriteStep } from './store-steps.ts';

/** A record as it was seen, and the how-manieth of its nonces that is. Equal numbers: the same write. */
type Sight = { readonly value: unknown; readonly version: number } | undefined;

/** Every version of each record that was ever seen, in order: nonces are each store's own. */
type Memory = Map<string, Stored<unknown>[]>;

const versionsOf = (memory: Memory, key: string): Stored<unknown>[] => {
  const versions = memory.get(key) ?? [];
  memory.set(key, versions);
  return versions;
};

const seen = (memory: Memory, key: string, stored: Stored<unknown> | undefined): Sight => {
  if (stored === undefined) return undefined;
  const versions = versionsOf(memory, key);
  const known = versions.findIndex(({ nonce }) => nonce === stored.nonce);
  // A record that was postponed has a nonce that nobody was told.
  return { value: stored.value, version: known < 0 ? versions.push(stored) - 1 : known };
};

const chosen = <T>(memory: Memory, key: string, which: Previous, next: T): Stored<T> | undefined => {
  const versions = versionsOf(memory, key) as Stored<T>[];
  switch (which) {
    case 'absent':
      return undefined;
    case 'foreign':
      return { value: next, nonce: 'of no write' };
    case 'current':
      return versions.at(-1);
    case 'stale':
      return versions.at(-2);
  }
};

/** DynamoDB leaves open in which order an index gives entries of the same time. */
const inSettledOrder = (hints: readonly DueHint[]): DueHint[] => {
  const groups: DueHint[][] = [];
  for (const hint of hints) {
    if (groups.at(-1)?.[0]?.dueAt === hint.dueAt) groups.at(-1)?.push(hint);
    else groups.push([hint]);
  }
  return groups.flatMap(group => group.sort((a, b) => (a.grantId < b.grantId ? -1 : 1)));
};

const readDue = async (store: GrantStore, lane: number, now: number, after?: DueHint) => {
  const { hints, ...rest } = await store.due(lane, now, after);
  return { settled: { hints: inSettledOrder(hints), ...rest }, hints };
};

/** The hint after which to go on: the last of its time, so that what follows is the same in any order. */
const skip = (hints: readonly DueHint[], count: number): DueHint | undefined =>
  hints.find((hint, index) => index + 1 >= count && hint.dueAt !== hints[index + 1]?.dueAt);

export type Answer = { readonly kind: string; readonly told: unknown };

const writeTo = async <T>(
  records: Records<T>,
  memory: Memory,
  { kind, id, previous, next }: { kind: string; id: string; previous: Previous; next: T },
): Promise<Answer> => {
  const key = `${kind} ${id}`;
  const written: Written<T> = await records.write(id, chosen(memory, key, previous, next), next);
  return written.ok
    ? { kind: `${previous}: lands`, told: seen(memory, key, written.stored) }
    : { kind: `${previous}: misses`, told: seen(memory, key, written.current) };
};

const write = (store: GrantStore, memory: Memory, step: WriteStep): Promise<Answer> => {
  switch (step.kind) {
    case 'grant':
      return writeTo(store.grants, memory, step);
    case 'claim':
      return writeTo(store.claims, memory, step);
    case 'standing':
      return writeTo(store.standings, memory, { ...step, next: { ...goodStanding(step.id), ...step.next } });
  }
};

const readAll = async (store: GrantStore, memory: Memory, id: string): Promise<Sight[]> => [
  seen(memory, `grant ${id}`, await store.grants.get(id)),
  seen(memory, `claim ${id}`, await store.claims.get(id)),
  seen(memory, `standing ${id}`, await store.standings.get(id)),
];

/** Nobody looks afterwards: the next write is computed from a version that is gone. */
const postpone = async (
  store: GrantStore,
  { id, right, dueAt }: Extract<Step, { kind: 'postpone' }>,
): Promise<Answer> => {
  const stored = (await store.grants.get(id))?.value.dueAt;
  const isRight = right && stored !== undefined;
  await store.postpone({ grantId: id, dueAt: isRight ? stored : (stored ?? 0) + 1 }, dueAt);
  return { kind: `postpone: ${isRight ? 'right' : 'wrong'} hint`, told: undefined };
};

const perform = async (store: GrantStore, memory: Memory, step: Step): Promise<Answer> => {
  switch (step.kind) {
    case 'grant':
    case 'claim':
    case 'standing':
      return write(store, memory, step);
    case 'get':
      return { kind: 'get', told: await readAll(store, memory, step.id) };
    case 'due': {
      const { lane, now, skipped } = step;
      const { hints, settled } = await readDue(store, lane, now);
      const last = skipped === 0 ? undefined : skip(hints, skipped);
      return { kind: 'due', told: [settled, last && (await readDue(store, lane, now, last)).settled] };
    }
    case 'list':
      return { kind: 'list', told: await store.list(step.state, step.limit, step.after) };
    case 'postpone':
      return postpone(store, step);
  }
};

/** Everything that can be asked of it. */
const contents = async (store: GrantStore, memory: Memory): Promise<unknown> => ({
  records: await Promise.all(ids.map(id => readAll(store, memory, id))),
  due: await Promise.all(
    lanes.map(async lane => (await readDue(store, lane, Number.MAX_SAFE_INTEGER)).settled),
  ),
  lists: await Promise.all(grantStates.map(state => store.list(state, 100))),
});

/** The answers one after the other, and what is stored in the end. */
export const trace = async (store: GrantStore, steps: readonly Step[]): Promise<Answer[]> => {
  const memory: Memory = new Map();
  const answers: Answer[] = [];
  for (const step of steps) answers.push(await perform(store, memory, step));
  return [...answers, { kind: 'contents', told: await contents(store, memory) }];
};
