/** Which token may be used again, by grant. Pure but for its memory; times are epoch milliseconds. */
import type { AccessToken } from './types.ts';

type Kept = {
  readonly token?: AccessToken;
  /** Highest generation that was reported as rejected; 0: none. */
  readonly rejected: number;
};

export type TokenCache = {
  /** A token whose promise still holds, and that lives at least so long. */
  find(grantId: string, minTtlMs: number, now: number): AccessToken | undefined;
  /** Total: keeps it unless it was rejected, or a newer one is kept already. */
  keep(token: AccessToken, now: number): void;
  /** From now on neither this generation nor an older one is kept or found. */
  reject(grantId: string, generation: number): void;
  /** The grant is gone: another one with its id counts generations anew. */
  forget(grantId: string): void;
};

/** `maxGrants`: beyond it the grant that was not asked for for the longest time is dropped. */
export const createTokenCache = (maxGrants: number): TokenCache => {
  // A Map remembers the order of insertion: the first is the one to drop.
  const grants = new Map<string, Kept>();
  const put = (grantId: string, kept: Kept): void => {
    grants.delete(grantId);
    grants.set(grantId, kept);
    const [oldest] = grants.keys();
    if (grants.size > maxGrants && oldest !== undefined) grants.delete(oldest);
  };
  const isFresh = (token: AccessToken | undefined, now: number): token is AccessToken =>
    token !== undefined && now < Date.parse(token.cacheUntil);

  return {
    find: (grantId, minTtlMs, now) => {
      const kept = grants.get(grantId);
      if (kept === undefined || !isFresh(kept.token, now)) return undefined;
      put(grantId, kept);
      return Date.parse(kept.token.expiresAt) - now >= minTtlMs ? kept.token : undefined;
    },
    keep: (token, now) => {
      const { token: former, rejected } = grants.get(token.grantId) ?? { rejected: 0 };
      const older = isFresh(former, now) && former.generation > token.generation;
      if (token.generation > rejected && !older) put(token.grantId, { token, rejected });
    },
    reject: (grantId, generation) => {
      const { token, rejected = 0 } = grants.get(grantId) ?? {};
      const valid = token !== undefined && token.generation > generation ? { token } : {};
      put(grantId, { ...valid, rejected: Math.max(rejected, generation) });
    },
    forget: grantId => {
      grants.delete(grantId);
    },
  };
};
