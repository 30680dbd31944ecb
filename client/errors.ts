/** Errors, a class for each code of the API that a consumer can meet. No message has a token in it. */

/** Problem details of the API (RFC 9457), as far as they are read here. */
export type Problem = {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
};

const brand = Symbol.for('ringbearer.error');

type Branded = { readonly [brand]?: true; readonly code?: string };

/**
 * Whatever went wrong: unknown codes are of this class. `code` is stable; `detail`, which is also the end of `message`, is for people.
 *
 * `instanceof` goes by the code, so it holds for errors of another copy of this package too.
 */
export class RingbearerError extends Error {
  /** Of a class for one code: that code. */
  static readonly code: string | undefined = undefined;
  override readonly name: string = 'RingbearerError';
  readonly code: string;
  /** The HTTP status that belongs to the code; 0 where the API was not reached. */
  readonly status: number;
  readonly detail: string;
  /** When it makes sense to ask again, where the API says so. */
  readonly retryAfterSeconds: number | undefined;
  readonly grantId: string | undefined;

  constructor(problem: Problem, grantId?: string, options?: ErrorOptions) {
    super(`${grantId === undefined ? '' : `${grantId}: `}${problem.code}: ${problem.detail}`, options);
    this.code = problem.code;
    this.status = problem.status;
    this.detail = problem.detail;
    this.retryAfterSeconds = problem.retryAfterSeconds;
    this.grantId = grantId;
    Object.defineProperty(this, brand, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || !(value as Branded)[brand]) return false;
    // biome-ignore lint/complexity/noThisInStatic: the class that is asked, not this one
    return this.code === undefined || (value as Branded).code === this.code;
  }
}

/** The request cannot be right: the detail says what to change. Also thrown here, before anything is sent. */
export class InvalidRequest extends RingbearerError {
  static override readonly code = 'invalid-request';
  override readonly name = 'InvalidRequest';
  declare readonly code: 'invalid-request';
}

/** The way in does not allow this, or IAM refused the request: grant the permission (`grantGetToken`, `grantRevoke`). */
export class Forbidden extends RingbearerError {
  static override readonly code = 'forbidden';
  override readonly name = 'Forbidden';
  declare readonly code: 'forbidden';
}

/** There is no grant with this id: connect the account first. */
export class GrantNotFound extends RingbearerError {
  static override readonly code = 'grant-not-found';
  override readonly name = 'GrantNotFound';
  declare readonly code: 'grant-not-found';
}

/** The account's owner must authorise again. Waiting does not help. */
export class ReauthorizationRequired extends RingbearerError {
  static override readonly code = 'reauthorization-required';
  override readonly name = 'ReauthorizationRequired';
  declare readonly code: 'reauthorization-required';
}

/** The grant was revoked: connect the account again. */
export class GrantRevoked extends RingbearerError {
  static override readonly code = 'grant-revoked';
  override readonly name = 'GrantRevoked';
  declare readonly code: 'grant-revoked';
}

/** The token was reported too soon or too often: the token is not what is wrong. */
export class RefreshLimited extends RingbearerError {
  static override readonly code = 'refresh-limited';
  override readonly name = 'RefreshLimited';
  declare readonly code: 'refresh-limited';
}

/** A refresh is under way and took longer than was waited for: ask again after `retryAfterSeconds`. */
export class RefreshPending extends RingbearerError {
  static override readonly code = 'refresh-pending';
  override readonly name = 'RefreshPending';
  declare readonly code: 'refresh-pending';
}

/** RingCentral cannot be asked now: ask again after `retryAfterSeconds`. */
export class ProviderUnavailable extends RingbearerError {
  static override readonly code = 'provider-unavailable';
  override readonly name = 'ProviderUnavailable';
  declare readonly code: 'provider-unavailable';
}

/** Ringbearer, or this client, is not configured correctly: the detail says what to change. */
export class Misconfigured extends RingbearerError {
  static override readonly code = 'misconfigured';
  override readonly name = 'Misconfigured';
  declare readonly code: 'misconfigured';
}

/** No answer came from the API: `cause` says why. Asking again is harmless. */
export class Unreachable extends RingbearerError {
  static override readonly code = 'unreachable';
  override readonly name = 'Unreachable';
  declare readonly code: 'unreachable';
}

const classes = [
  InvalidRequest,
  Forbidden,
  GrantNotFound,
  ReauthorizationRequired,
  GrantRevoked,
  RefreshLimited,
  RefreshPending,
  ProviderUnavailable,
  Misconfigured,
  Unreachable,
] as const;

/** The error for what the API answered, of the class for its code. */
export const errorOf = (problem: Problem, grantId?: string): RingbearerError => {
  const Class = classes.find(({ code }) => code === problem.code) ?? RingbearerError;
  return new Class(problem, grantId);
};
