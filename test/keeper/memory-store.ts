/** A grant store in memory, with the port's semantics: for tests of the keeper, where time is passed in. */
import type { Grant, Stored } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import type { GrantStore, Records } from '../../functions/keeper/ports.ts';
import { createDueIndex, createItems, type Items } from '../../simulation/world/table.ts';
import { summaryOf } from '../adapters/grants.ts';

/** What happens to one write: it fails before it lands, or after (its answer is lost), or somebody else's comes first. */
export type WriteFault = 'fails' | 'answer-lost' | (() => Promise<void> | void);

export type MemoryStore = GrantStore & {
  /** Faults for the next writes of grants, in order; undefined: none. */
  readonly writeFaults: (WriteFault | undefined)[];
  /** Every grant that was ever written, in order. */
  readonly history: Grant[];
  readonly stored: { readonly grants: Pick<Items<Grant>, 'get'> };
  /** Sets a grant as it is, whatever was stored. */
  seed(grant: Grant): void;
};

const duePageSize = 100;

const memoryRecords = <T>(
  items: Items<T>,
  nonce: () => string,
  faults: (WriteFault | undefined)[] = [],
  history: T[] = [],
): Records<T> => ({
  get: async id => items.get(id),
  write: async (id, previous, next) => {
    const fault = faults.shift();
    if (fault === 'fails') throw new Error('the store is down');
    if (typeof fault === 'function') await fault();
    const stored: Stored<T> = { value: next, nonce: nonce() };
    const landed = items.compareAndSet(id, previous?.nonce, stored);
    if (!landed.ok) return landed;
    history.push(next);
    if (fault === 'answer-lost') throw new Error('the answer was lost');
    return { ok: true, stored };
  },
});

export const createMemoryStore = (): MemoryStore => {
  let writes = 0;
  const nonce = () => `nonce-${++writes}`;
  const index = createDueIndex();
  const grants = createItems<Grant>((_, { value: { grantId, dueAt } }) =>
    index.put(grantId, laneOf(grantId), dueAt),
  );
  const writeFaults: (WriteFault | undefined)[] = [];
  const history: Grant[] = [];
  return {
    writeFaults,
    history,
    stored: { grants },
    seed: grant => {
      grants.compareAndSet(grant.grantId, grants.get(grant.grantId)?.nonce, { value: grant, nonce: nonce() });
    },
    grants: memoryRecords(grants, nonce, writeFaults, history),
    claims: memoryRecords(
      createItems(() => {}),
      nonce,
    ),
    standings: memoryRecords(
      createItems(() => {}),
      nonce,
    ),
    due: async (lane, now, after) => index.query(lane, now, duePageSize, after),
    list: async (state, limit, after = '') => {
      const found = [...grants.all()]
        .map(({ value }) => value)
        .filter(grant => grant.state === state && grant.grantId > after)
        .sort((a, b) => (a.grantId < b.grantId ? -1 : 1));
      const page = found.slice(0, limit).map(summaryOf);
      const last = page.at(-1);
      // DynamoDB also names a next page where a full one was the last; here none is ever empty.
      return found.length > limit && last ? { grants: page, next: last.grantId } : { grants: page };
    },
    postpone: async ({ grantId, dueAt: seen }, dueAt) => {
      const stored = grants.get(grantId);
      if (stored?.value.dueAt !== seen) return;
      grants.compareAndSet(grantId, stored.nonce, { value: { ...stored.value, dueAt }, nonce: nonce() });
    },
  };
};
