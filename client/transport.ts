/** The port between the client and the API: one request, sent once, and its answer. */
import type { Problem } from './errors.ts';

export type TokenRequest =
  | { readonly action: 'getToken'; readonly grantId: string; readonly minTtl?: number }
  | { readonly action: 'refreshToken'; readonly grantId: string; readonly rejectedGeneration: number }
  | { readonly action: 'getGrant'; readonly grantId: string }
  | { readonly action: 'revokeGrant'; readonly grantId: string };

/** As a direct invocation is answered. */
export type TokenAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: Problem };

/**
 * Rejects where no answer came: with an error of this package as it is, with any other as the cause of an `Unreachable`.
 * It does not try again by itself; `signal` aborts when an answer is no longer waited for.
 */
export type Transport = (request: TokenRequest, signal: AbortSignal) => Promise<TokenAnswer>;
