import { setTimeout } from 'node:timers/promises';
import { grantIdPattern } from '../functions/domain/grant.ts';
import { createAsk, unlessAborted } from './ask.ts';
import { createBearerFetch, resolveUrl } from './bearer-fetch.ts';
import { errorOf } from './errors.ts';
import { createTokenCache } from './token-cache.ts';
import { createTokens } from './tokens.ts';
import type { Transport } from './transport.ts';
import type { AccessToken, Clock, Grant } from './types.ts';
import { createWays, type WayOptions } from './ways.ts';

export type TokenClientOptions = WayOptions & {
  /**
   * For how long, in milliseconds, a question to Ringbearer may be asked again after a passing failure (no answer, `refresh-pending`,
   * `provider-unavailable`): three times at most, and never for a `Retry-After` that goes beyond. 0: never. @default 10000
   */
  readonly maxWaitMs?: number;
  /** Tokens kept in memory at most. @default 1000 */
  readonly maxGrants?: number;
  /**
   * Origins besides the grant's server to which `fetch` may send its token.
   * RingCentral serves recordings and attachments from `https://media.ringcentral.com`. @default - none
   */
  readonly origins?: readonly string[];
  /** Sends requests to RingCentral. @default - the global `fetch` */
  readonly fetch?: typeof fetch;
  /** In place of Lambda invocation and HTTP: for tests. */
  readonly transport?: Transport;
  /** For tests. @default - the system's */
  readonly clock?: Clock;
};

export type GetOptions = {
  /** The token shall live at least so many seconds: 0 to 900. @default 0 */
  readonly minTtl?: number;
  /** Ends the wait of this caller; a question that others share goes on. */
  readonly signal?: AbortSignal;
};

/** Every method rejects with a `RingbearerError`, of the class for its code, or with the reason of the caller's `signal`. */
export interface TokenClient {
  /** A valid access token: from memory until its `cacheUntil`, asked for once however many callers there are. */
  get(grantId: string, options?: GetOptions): Promise<AccessToken>;
  /**
   * Reports that RingCentral answered 401 to the token of this generation, once however many callers do; the answer is a newer
   * token. `fetch` does it by itself. Throws `RefreshLimited` where the token is not what is wrong.
   */
  reject(grantId: string, generation: number, options?: Pick<GetOptions, 'signal'>): Promise<AccessToken>;
  /**
   * As the global `fetch`, with the grant's token as bearer. A path goes to the grant's server; a URL of another origin throws
   * `InvalidRequest`, unless it is one of the option `origins`.
   *
   * A 401 is reported, and the request sent again with the newer token if it can be: with a body that is a stream it cannot, and
   * the 401 is the answer. So it is where the report is refused with `refresh-limited`. The body of a `Request` is kept in memory
   * until its answer is there.
   */
  fetch(grantId: string, input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /**
   * A URL that works without a header, for what cannot send one, such as a browser's `<audio>`. It is the exception: whoever sees
   * it (a log, a history, a referrer) has the access token and with it everything that the grant allows, until that is replaced
   * (not by Ringbearer itself before `cacheUntil`) or over (`expiresAt`). Prefer to `fetch` and to pass the body on.
   */
  urlWithToken(
    grantId: string,
    path: string | URL,
    options?: GetOptions,
  ): Promise<{ readonly url: string; readonly cacheUntil: string; readonly expiresAt: string }>;
  /** What is known of a grant, tokens excepted. */
  grant(grantId: string): Promise<Grant>;
  /** Ends the grant, here at once and at RingCentral (`revoked`), or there as soon as it answers (`revoking`). Needs `grantRevoke`. */
  revoke(grantId: string): Promise<Grant>;
}

const checkGrantId = (grantId: string): void => {
  if (typeof grantId === 'string' && grantIdPattern.test(grantId)) return;
  const detail =
    'a grant id has 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : @ -, the first a letter, a digit or _';
  throw errorOf({ code: 'invalid-request', status: 400, detail });
};

const systemClock: Clock = { now: Date.now, sleep: ms => setTimeout(ms) };

/**
 * A client for one Ringbearer, found in the environment that `grantGetToken()` has set, or by the options. Create it once, outside
 * the handler: it keeps tokens in memory. Throws `Misconfigured` where it does not know where to turn.
 */
export const createTokenClient = (options: TokenClientOptions = {}): TokenClient => {
  const { clock = systemClock, maxWaitMs = 10_000, maxGrants = 1000, origins = [] } = options;
  const ask = createAsk(options.transport ?? createWays(options, process.env), clock, maxWaitMs);
  const tokens = createTokens(ask, createTokenCache(maxGrants), clock);
  const bearerFetch = createBearerFetch({
    tokens,
    origins,
    // Looked up late, so that what instruments the global `fetch` is used.
    fetch: (input, init) => (options.fetch ?? fetch)(input, init),
  });

  const client: TokenClient = {
    get: async (grantId, { minTtl = 0, signal } = {}) => {
      checkGrantId(grantId);
      signal?.throwIfAborted();
      return unlessAborted(tokens.get(grantId, minTtl), signal);
    },
    reject: async (grantId, generation, { signal } = {}) => {
      checkGrantId(grantId);
      signal?.throwIfAborted();
      return unlessAborted(tokens.reject(grantId, generation), signal);
    },
    fetch: async (grantId, input, init) => {
      checkGrantId(grantId);
      return bearerFetch(grantId, input, init);
    },
    urlWithToken: async (grantId, path, getOptions) => {
      const token = await client.get(grantId, getOptions);
      const url = resolveUrl(path, token, origins);
      url.searchParams.set('access_token', token.accessToken);
      const { cacheUntil, expiresAt } = token;
      return { url: url.href, cacheUntil, expiresAt };
    },
    grant: async grantId => {
      checkGrantId(grantId);
      return (await ask({ action: 'getGrant', grantId })) as Grant;
    },
    revoke: async grantId => {
      checkGrantId(grantId);
      tokens.forget(grantId);
      try {
        return (await ask({ action: 'revokeGrant', grantId })) as Grant;
      } finally {
        // What was asked meanwhile may have been answered before the revocation.
        tokens.forget(grantId);
      }
    },
  };
  return client;
};
