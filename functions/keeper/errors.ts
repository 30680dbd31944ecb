/** The errors that callers of the keeper see: one stable code each. */

export type ErrorCode =
  | 'invalid-request'
  | 'grant-not-found'
  | 'reauthorization-required'
  | 'owner-already-connected'
  | 'owner-mismatch'
  | 'authorization-refused'
  | 'credential-refused'
  | 'generation-mismatch'
  | 'grant-revoked'
  | 'refresh-limited'
  | 'refresh-pending'
  | 'provider-unavailable'
  | 'misconfigured';

export class KeeperError extends Error {
  override readonly name = 'KeeperError';
  readonly code: ErrorCode;
  /** When it makes sense to ask again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The id is not repeated: somebody may have sent a token in its place. */
export const grantNotFound = (): KeeperError =>
  new KeeperError(
    'grant-not-found',
    'There is no such grant. Connect the account or import its tokens first.',
  );
