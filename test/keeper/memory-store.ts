/** A grant store in memory, with the port's semantics: for tests of the keeper, where time is passed in. */
import type { AppStanding } from '../../functions/domain/app.ts';
import type { Claim } from '../../functions/domain/claim.ts';
import type { Grant, GrantSummary, Stored } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import type { GrantStore, Records } from '../../functions/keeper/ports.ts';

/** What happens to one write: it fails before it lands, or after (its answer is lost), or somebody else's comes first. */
export type WriteFault = 'fails' | 'answer-lost' | (() => Promise<void> | void);

export type MemoryStore = GrantStore & {
  /** Faults for the next writes of grants, in order; undefined: none. */
  readonly writeFaults: (WriteFault | undefined)[];
  /** Every grant that was ever written, in order. */
  readonly history: Grant[];
  readonly stored: { readonly grants: Map<string, Stored<Grant>> };
  /** Sets a grant as it is, whatever was stored. */
  seed(grant: Grant): void;
};

const memoryRecords = <T>(
  map: Map<string, Stored<T>>,
  nonce: () => string,
  faults: (WriteFault | undefined)[] = [],
  history: T[] = [],
): Records<T> => ({
  get: async id => map.get(id),
  write: async (id, previous, next) => {
    const fault = faults.shift();
    if (fault === 'fails') throw new Error('the store is down');
    if (typeof fault === 'function') await fault();
    const current = map.get(id);
    if (current?.nonce !== previous?.nonce) return { ok: false, current };
    const stored = { value: next, nonce: nonce() };
    map.set(id, stored);
    history.push(next);
    if (fault === 'answer-lost') throw new Error('the answer was lost');
    return { ok: true, stored };
  },
});

const summarize = ({ tokens, retired: _, ...rest }: Grant): GrantSummary => {
  if (tokens === undefined) return rest;
  const { accessToken: _access, refreshToken: _refresh, ...expiries } = tokens;
  return { ...rest, tokens: expiries };
};

export const createMemoryStore = (): MemoryStore => {
  let writes = 0;
  const nonce = () => `nonce-${++writes}`;
  const grants = new Map<string, Stored<Grant>>();
  const writeFaults: (WriteFault | undefined)[] = [];
  const history: Grant[] = [];
  const all = () => [...grants.values()].map(({ value }) => value);
  return {
    writeFaults,
    history,
    stored: { grants },
    seed: grant => grants.set(grant.grantId, { value: grant, nonce: nonce() }),
    grants: memoryRecords(grants, nonce, writeFaults, history),
    claims: memoryRecords(new Map<string, Stored<Claim>>(), nonce),
    standings: memoryRecords(new Map<string, Stored<AppStanding>>(), nonce),
    due: async (lane, now) => ({
      hints: all()
        .filter(({ grantId, dueAt }) => laneOf(grantId) === lane && dueAt !== undefined && dueAt <= now)
        .map(({ grantId, dueAt = 0 }) => ({ grantId, dueAt }))
        .sort((a, b) => a.dueAt - b.dueAt),
    }),
    list: async (state, limit, after = '') => {
      const found = all()
        .filter(grant => grant.state === state && grant.grantId > after)
        .sort((a, b) => (a.grantId < b.grantId ? -1 : 1));
      const page = found.slice(0, limit).map(summarize);
      const last = page.at(-1);
      return found.length > limit && last ? { grants: page, next: last.grantId } : { grants: page };
    },
    postpone: async ({ grantId, dueAt: seen }, dueAt) => {
      const stored = grants.get(grantId);
      if (stored?.value.dueAt === seen)
        grants.set(grantId, { value: { ...stored.value, dueAt }, nonce: nonce() });
    },
  };
};
