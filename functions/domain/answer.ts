/** What the provider's answers mean. Total: every status, header and body has a meaning, "unknown" included. */
import { readTokenResponse, type TokenResponse } from './tokens.ts';

/** An HTTP answer as received. `body` is absent where it was too long, cut off, or not text. */
export type RawAnswer = {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body?: string;
};

/** Nothing can have happened at the provider: the refresh token is untouched. */
export type NothingHappened =
  /** `flow`: the app may not ask in this way. In other ways it may: its credentials are not what is wrong. */
  | { readonly kind: 'misconfigured'; readonly code: string; readonly flow?: true }
  | { readonly kind: 'limited'; readonly code: string; readonly retryAfterMs?: number };

/** Whether anything happened is not known: the same token may be presented again. */
export type Unknown = { readonly kind: 'unknown'; readonly code: string };

export type TokenAnswer =
  | { readonly kind: 'rotated'; readonly response: TokenResponse }
  | { readonly kind: 'refused'; readonly code: string }
  | NothingHappened
  | Unknown;

/** `ended`: the session of the token presented is over, by this request or before it. */
export type RevokeAnswer = { readonly kind: 'ended' } | NothingHappened | Unknown;

/** RingCentral: the token is expired, revoked or not found, or its owner may not log in. */
const refusals = new Set(['OAU-210', 'OAU-211', 'OAU-213', 'OAU-136', 'OAU-140', 'OAU-141', 'OAU-142']);
/** A grant type that is not allowed for the app, in RingCentral's words and in RFC 6749 §5.2's. */
const flowCodes = new Set([
  ...['OAU-112', 'OAU-125', 'OAU-250', 'OAU-251'],
  ...['unauthorized_client', 'unsupported_grant_type'],
]);
/**
 * RingCentral: wrong client credentials, or a grant type that the app may not use; and the keeper's own: the grant's app is not in the
 * secret, or is there with another client id or server; the same of its JWT credential.
 */
const misconfigurations = new Set([
  ...['app-unknown', 'app-mismatch', 'apps-unreadable'],
  ...['credential-unknown', 'credential-mismatch', 'credentials-unreadable'],
  ...['OAU-146', 'OAU-153', 'OAU-120', 'OAU-121', 'invalid_client', ...flowCodes],
]);
export const isMisconfiguration = (code: string | undefined): boolean =>
  code !== undefined && misconfigurations.has(code);
export const isFlowCode = (code: string): boolean => flowCodes.has(code);
/** RingCentral: rate exceeded, or a concurrent duplicate. */
const limits = new Set(['CMN-301', 'CMN-302', 'CMN-304', 'CMN-310']);

/** Codes go into logs and events, so only what has the form of a code is one: never a piece of a body. */
const isProviderCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Z]{2,5}-\d{1,5}$/.test(value);

/** RFC 6749 §5.2, RFC 6750 §3.1 and RFC 7009 §2.2.1. */
const oauthCodes: ReadonlySet<unknown> = new Set([
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type'],
  ...['invalid_scope', 'invalid_token', 'unsupported_token_type', 'server_error', 'temporarily_unavailable'],
]);
const isOauthCode = (value: unknown): value is string => oauthCodes.has(value);

const parseJson = (body: string | undefined): unknown => {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

type ErrorCodes = {
  readonly provider: readonly string[];
  readonly oauth: string | undefined;
  /** There is a code whose form is not known: what it says is not known either. */
  readonly strange: boolean;
};

const errorCodes = (json: unknown): ErrorCodes => {
  if (typeof json !== 'object' || json === null) return { provider: [], oauth: undefined, strange: false };
  const { error, errorCode, errors } = json as Record<string, unknown>;
  const listed = (Array.isArray(errors) ? errors.slice(0, 10) : []).map(
    entry => (entry as { errorCode?: unknown } | null)?.errorCode,
  );
  const given = [...listed, errorCode].filter(code => code !== undefined && code !== null);
  return {
    provider: given.filter(isProviderCode),
    oauth: isOauthCode(error) ? error : undefined,
    strange: given.some(code => !isProviderCode(code) && !isOauthCode(code)),
  };
};

const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After` in either form (RFC 9110 §10.2.3); `now` turns the date form into a duration. What is over says nothing. */
const retryAfterMs = (header: string | undefined, now: number): { retryAfterMs?: number } => {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return { retryAfterMs: Number(text) * 1000 };
  const leftMs = httpDate.test(text) ? Date.parse(text) - now : 0;
  return leftMs > 0 ? { retryAfterMs: leftMs } : {};
};

const clientErrorStatuses = new Set([400, 401, 403]);

/** A definite refusal needs a known code: `invalid_grant` with a code that nobody knows proves nothing. */
const refusalCode = ({ provider, oauth, strange }: ErrorCodes): string | undefined =>
  provider.find(code => refusals.has(code)) ??
  (oauth === 'invalid_grant' && provider.length === 0 && !strange ? oauth : undefined);

type ErrorAnswer = { readonly kind: 'refused'; readonly code: string } | NothingHappened | Unknown;

const classifyError = (answer: RawAnswer, json: unknown, now: number): ErrorAnswer => {
  const codes = errorCodes(json);
  const all = codes.oauth === undefined ? codes.provider : [...codes.provider, codes.oauth];
  const fallback = all[0] ?? `http-${answer.status}`;
  if (answer.status === 429) {
    return { kind: 'limited', code: fallback, ...retryAfterMs(answer.retryAfter, now) };
  }
  if (!clientErrorStatuses.has(answer.status)) return { kind: 'unknown', code: fallback };
  const limit = all.find(code => limits.has(code));
  if (limit !== undefined) return { kind: 'limited', code: limit, ...retryAfterMs(answer.retryAfter, now) };
  const misconfiguration = all.find(code => misconfigurations.has(code));
  if (misconfiguration !== undefined) return { kind: 'misconfigured', code: misconfiguration };
  const refusal = refusalCode(codes);
  return refusal === undefined ? { kind: 'unknown', code: fallback } : { kind: 'refused', code: refusal };
};

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** Classifies an answer of the token endpoint to a refresh. */
export const classifyTokenAnswer = (answer: RawAnswer, now: number): TokenAnswer => {
  const json = parseJson(answer.body);
  if (!isSuccess(answer.status)) return classifyError(answer, json, now);
  const response = readTokenResponse(json);
  return response === undefined
    ? { kind: 'unknown', code: 'unreadable-answer' }
    : { kind: 'rotated', response };
};

/**
 * The same for a mint (RFC 7523 §3.1). A refusal is one of the credential: it is expired, revoked or unknown, or its user may not log in.
 * An app that may not use this grant type goes on refreshing what users have authorised.
 */
export const classifyMintAnswer = (answer: RawAnswer, now: number): TokenAnswer => {
  const classified = classifyTokenAnswer(answer, now);
  return classified.kind === 'misconfigured' && isFlowCode(classified.code)
    ? { ...classified, flow: true }
    : classified;
};

const looksLikeHtml = ({ body = '' }: RawAnswer): boolean => body.trimStart().startsWith('<');

/**
 * Classifies an answer of the revocation endpoint: a token that it does not know is as good as revoked (RFC 7009 §2.2), but a page
 * of something in between says nothing.
 */
export const classifyRevokeAnswer = (answer: RawAnswer, now: number): RevokeAnswer => {
  if (isSuccess(answer.status)) {
    return looksLikeHtml(answer) ? { kind: 'unknown', code: 'unreadable-answer' } : { kind: 'ended' };
  }
  const error = classifyError(answer, parseJson(answer.body), now);
  return error.kind === 'refused' ? { kind: 'ended' } : error;
};
