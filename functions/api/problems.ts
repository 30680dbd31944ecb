/** Errors as RFC 9457 problem details with a stable `code`. */
import { type ErrorCode, KeeperError } from '../keeper/errors.ts';

type ApiCode =
  | ErrorCode
  | 'route-not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'forbidden'
  | 'internal-error';

const kinds: Record<ApiCode, { readonly status: number; readonly title: string }> = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'authorization-refused': { status: 400, title: 'RingCentral refused the authorization' },
  'credential-refused': { status: 400, title: 'RingCentral refused the credential' },
  forbidden: { status: 403, title: 'This way in does not allow that' },
  'grant-not-found': { status: 404, title: 'There is no such grant' },
  'route-not-found': { status: 404, title: 'There is no such route' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'reauthorization-required': { status: 409, title: 'The owner must authorise again' },
  'owner-already-connected': { status: 409, title: 'The owner is connected already' },
  'owner-mismatch': { status: 409, title: 'Another user has authorised' },
  'grant-revoked': { status: 410, title: 'The grant was revoked' },
  'generation-mismatch': { status: 412, title: 'The grant has another generation' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'refresh-limited': { status: 429, title: 'Too many rejections reported' },
  'internal-error': { status: 500, title: 'Something went wrong inside' },
  misconfigured: { status: 500, title: 'Ringbearer is not configured correctly' },
  'refresh-pending': { status: 503, title: 'A refresh is under way' },
  'provider-unavailable': { status: 503, title: 'The provider cannot be asked now' },
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ApiCode;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
};

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiCode;
  /** For `method-not-allowed`: the methods that are (RFC 9110 §15.5.6). */
  readonly allow: string | undefined;

  constructor(code: ApiCode, message: string, { allow }: { readonly allow?: string } = {}) {
    super(message);
    this.code = code;
    this.allow = allow;
  }
}

export const invalid = (message: string): ApiError => new ApiError('invalid-request', message);

const problem = (code: ApiCode, detail: string, retryAfterMs?: number): Problem => ({
  type: `urn:ringbearer:problem:${code}`,
  title: kinds[code].title,
  status: kinds[code].status,
  code,
  detail,
  ...(retryAfterMs !== undefined && { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) }),
});

/** What the caller is told. An error that is nobody's to see becomes `internal-error`, without its message. */
export const toProblem = (error: unknown): Problem => {
  if (error instanceof KeeperError) return problem(error.code, error.message, error.retryAfterMs);
  if (error instanceof ApiError) return problem(error.code, error.message);
  const name = (error as Error | undefined)?.name;
  if (name === 'ConfigurationError') return problem('misconfigured', (error as Error).message);
  return problem(
    'internal-error',
    'The request failed inside Ringbearer; its logs say why. It may be sent again.',
  );
};
