/** The simulated store and the embedded DynamoDB, side by side: the same operations give the same answers. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Claim } from '../../functions/domain/claim.ts';
import { type Grant, type GrantState, grantStates, type Stored } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import type { GrantStore } from '../../functions/keeper/ports.ts';
import { startTestDatabase, type TestDatabase } from '../adapters/database.ts';
import { describeGrantStore } from '../adapters/grant-store.contract.ts';
import { grantsWithId } from '../adapters/grants.ts';
import { createQuietStore } from './quiet-store.ts';

describeGrantStore('the simulated grant store', () => createQuietStore({ allOld: true }));
describeGrantStore('the simulated grant store without ALL_OLD', () => createQuietStore({ allOld: false }));

const ids = ['acme:1', 'acme:2', 'b'] as const;

type Previous = 'current' | 'stale' | 'absent';
type Step =
  | { readonly kind: 'get'; readonly id: string }
  | { readonly kind: 'write'; readonly id: string; readonly previous: Previous; readonly next: Grant }
  | { readonly kind: 'claim'; readonly id: string; readonly previous: Previous; readonly next: Claim }
  | { readonly kind: 'due'; readonly id: string; readonly now: number }
  | { readonly kind: 'list'; readonly state: GrantState; readonly limit: number }
  | { readonly kind: 'postpone'; readonly id: string; readonly right: boolean; readonly dueAt: number };

const id = fc.constantFrom(...ids);
const previous = fc.constantFrom<Previous>('current', 'current', 'current', 'stale', 'absent');
const time = fc.integer({ min: 0, max: 2_000_000_000_000 });
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('get' as const), id }),
    id.chain(grantId =>
      fc.record({
        kind: fc.constant('write' as const),
        id: fc.constant(grantId),
        previous,
        next: grantsWithId(grantId),
      }),
    ),
    fc.record({
      kind: fc.constant('claim' as const),
      id,
      previous,
      next: fc.record({ app: fc.constant('main'), ownerId: id, grantId: id }),
    }),
    fc.record({ kind: fc.constant('due' as const), id, now: time }),
    fc.record({
      kind: fc.constant('list' as const),
      state: fc.constantFrom(...grantStates),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ kind: fc.constant('postpone' as const), id, right: fc.boolean(), dueAt: time }),
  ),
  { minLength: 5, maxLength: 40 },
);

/** What a store has answered so far, by record: versions in the order in which they landed, since nonces are each store's own. */
type Memory = Map<string, Stored<unknown>[]>;

const versionsOf = (memory: Memory, key: string): Stored<unknown>[] => {
  const versions = memory.get(key) ?? [];
  memory.set(key, versions);
  return versions;
};

const chosen = (memory: Memory, key: string, which: Previous): Stored<unknown> | undefined => {
  const versions = versionsOf(memory, key);
  if (which === 'absent') return undefined;
  return which === 'current' ? versions.at(-1) : versions.at(-2);
};

/** A record, and which of the versions that landed it is. */
const seen = (memory: Memory, key: string, stored: Stored<unknown> | undefined) => {
  if (stored === undefined) return undefined;
  const versions = versionsOf(memory, key);
  let version = versions.findIndex(({ nonce }) => nonce === stored.nonce);
  // A postponed record has a nonce that nobody was told.
  if (version < 0) version = versions.push(stored) - 1;
  return { value: stored.value, version };
};

const write = async (store: GrantStore, memory: Memory, step: Extract<Step, { kind: 'write' | 'claim' }>) => {
  const key = `${step.kind} ${step.id}`;
  const before = chosen(memory, key, step.previous);
  const written =
    step.kind === 'write'
      ? await store.grants.write(step.id, before as Stored<Grant> | undefined, step.next)
      : await store.claims.write(step.id, before as Stored<Claim> | undefined, step.next);
  return written.ok
    ? { ok: true, landed: seen(memory, key, written.stored) }
    : { ok: false, current: seen(memory, key, written.current) };
};

const perform = async (store: GrantStore, memory: Memory, step: Step): Promise<unknown> => {
  switch (step.kind) {
    case 'get':
      return [
        seen(memory, `write ${step.id}`, await store.grants.get(step.id)),
        seen(memory, `claim ${step.id}`, await store.claims.get(step.id)),
      ];
    case 'write':
    case 'claim':
      return write(store, memory, step);
    case 'due':
      return store.due(laneOf(step.id), step.now);
    case 'list':
      return store.list(step.state, step.limit);
    case 'postpone': {
      const dueAt = (await store.grants.get(step.id))?.value.dueAt ?? 0;
      await store.postpone({ grantId: step.id, dueAt: step.right ? dueAt : dueAt + 1 }, step.dueAt);
      return seen(memory, `write ${step.id}`, await store.grants.get(step.id));
    }
  }
};

describe('any sequence of operations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.close());

  it.each([true, false])('gives the same answers as DynamoDB, with ALL_OLD %s', async allOld => {
    await fc.assert(
      fc.asyncProperty(steps, async sequence => {
        const sides = [createQuietStore({ allOld }), (await database.table()).store].map(store => ({
          store,
          memory: new Map() as Memory,
        }));
        for (const step of sequence) {
          const [simulated, real] = await Promise.all(
            sides.map(({ store, memory }) => perform(store, memory, step)),
          );
          expect(simulated).toEqual(real);
        }
      }),
      { numRuns: 40 },
    );
  });
});
