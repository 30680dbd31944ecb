/** What the provider answers: status, headers and body, before anything is put on a wire. */

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json;charset=utf-8', ...noStore, ...headers },
  body: JSON.stringify(value),
});

export const html = (status: number, body: string): Answer => ({
  status,
  headers: {
    'content-type': 'text/html;charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    ...noStore,
  },
  body,
});

export const redirect = (location: string): Answer => ({
  status: 302,
  headers: { location, 'referrer-policy': 'no-referrer', ...noStore },
  body: '',
});

export const empty = (status: number): Answer => ({ status, headers: { ...noStore }, body: '' });

/** Why a request was refused, in RingCentral's codes. */
export type RefusalCode =
  | 'OAU-109'
  | 'OAU-112'
  | 'OAU-140'
  | 'OAU-153'
  | 'OAU-210'
  | 'OAU-211'
  | 'OAU-213'
  | 'CMN-101'
  | 'CMN-301'
  | 'OAU-250';

type Refusal = { readonly status: number; readonly error: string; readonly message: string };

const refusals: Readonly<Record<RefusalCode, Refusal>> = {
  'OAU-109': { status: 400, error: 'invalid_grant', message: 'Redirect URIs do not match' },
  'OAU-112': {
    status: 403,
    error: 'unauthorized_client',
    message: 'Client is not authorized for this grant type',
  },
  'OAU-140': { status: 401, error: 'invalid_grant', message: 'Login of this user is disabled' },
  'OAU-153': { status: 401, error: 'invalid_client', message: 'Invalid client' },
  'OAU-210': { status: 400, error: 'invalid_grant', message: 'Token expired' },
  'OAU-211': { status: 400, error: 'invalid_grant', message: 'Token revoked' },
  'OAU-213': { status: 400, error: 'invalid_grant', message: 'Token not found' },
  'CMN-101': { status: 400, error: 'invalid_request', message: 'Invalid request' },
  'CMN-301': { status: 429, error: 'rate_limit_exceeded', message: 'Request rate exceeded' },
  'OAU-250': { status: 400, error: 'unsupported_grant_type', message: 'Unsupported grant type' },
};

/** The error body of the token and revoke endpoints (RFC 6749 §5.2 with RingCentral's `errors`). */
export const refuse = (code: RefusalCode, detail?: string, headers: Record<string, string> = {}): Answer => {
  const { status, error, message } = refusals[code];
  const text = detail ?? message;
  const challenge = code === 'OAU-153' ? { 'www-authenticate': 'Basic realm="RingCentral REST API"' } : {};
  return json(
    status,
    {
      error,
      error_description: text,
      errorCode: code,
      message: text,
      errors: [{ errorCode: code, message: text }],
    },
    { ...challenge, ...headers },
  );
};

/** Why an API does not accept an access token. */
export type ApiRefusalCode = 'OAU-128' | 'OAU-129' | 'OAU-140' | 'OAU-149' | 'OAU-213';

const apiMessages: Readonly<Record<ApiRefusalCode, string>> = {
  'OAU-128': 'Access token expired',
  'OAU-129': 'Access token corrupted',
  'OAU-140': 'Login of this user is disabled',
  'OAU-149': 'Unparsable access token',
  'OAU-213': 'Token not found',
};

/** The 401 of an API. Its top-level `errorCode` is a word, as in RingCentral's APIs; the stable part is `errors`. */
export const refuseAtApi = (code: ApiRefusalCode): Answer => {
  const message = apiMessages[code];
  const errorCode = code === 'OAU-128' ? 'TokenExpired' : 'TokenInvalid';
  return json(
    401,
    { errorCode, message, errors: [{ errorCode: code, message }] },
    { 'www-authenticate': 'Bearer realm="RingCentral REST API", error="invalid_token"' },
  );
};
