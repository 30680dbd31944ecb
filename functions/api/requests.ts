/** Requests as both ways in give them, checked: the same rules and the same messages. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { type GrantState, grantIdPattern, grantStates, strategies } from '../domain/grant.ts';
import { maxTokenLength, present, readTokenResponse } from '../domain/tokens.ts';
import type { Authorization } from '../keeper/connect-grant.ts';
import type { MintRequest } from '../keeper/mint-grant.ts';
import type { Import } from '../keeper/put-grant.ts';
import type { LinkRequest } from './connect-links.ts';
import { invalid } from './problems.ts';
import type { Action } from './routes.ts';

/** A request before it is checked, whichever way it came in. */
export type RawRequest = {
  readonly action: Action;
  readonly grantId?: unknown;
  readonly minTtl?: unknown;
  readonly state?: unknown;
  readonly limit?: unknown;
  readonly cursor?: unknown;
  readonly rejectedGeneration?: unknown;
  readonly ifMatch?: unknown;
  readonly body?: unknown;
};

const maxLimit = 100;
const defaultLimit = 50;

const field = <T>(name: string, schema: v.GenericSchema<unknown, T>, value: unknown, expected: string): T => {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalid(`"${name}" must be ${expected}.`);
  return parsed.output;
};

const wholeNumber = (least: number, most: number) =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));

export const grantIdOf = ({ grantId }: RawRequest): string =>
  field(
    'grantId',
    v.pipe(v.string(), v.regex(grantIdPattern)),
    grantId,
    '1 to 128 characters out of A-Z a-z 0-9 . _ ~ : @ -, the first a letter, a digit or _',
  );

/** `maxMs`: the margin that every served token has left anyway. */
export const minTtlMsOf = ({ minTtl }: RawRequest, maxMs: number): number => {
  if (minTtl === undefined) return 0;
  const most = Math.floor(maxMs / 1000);
  return 1000 * field('minTtl', wholeNumber(0, most), minTtl, `a whole number of seconds from 0 to ${most}`);
};

const generation = wholeNumber(1, Number.MAX_SAFE_INTEGER);

export const rejectedGenerationOf = ({ rejectedGeneration }: RawRequest): number =>
  field(
    'rejectedGeneration',
    generation,
    rejectedGeneration,
    'the "generation" of the token that was rejected, as it was served',
  );

export type Listing = {
  readonly state?: GrantState;
  readonly limit: number;
  readonly cursor?: string;
};

export const listingOf = ({ state, limit, cursor }: RawRequest): Listing => ({
  ...(state !== undefined && {
    state: field('state', v.picklist(grantStates), state, `one of ${grantStates.join(', ')}`),
  }),
  limit:
    limit === undefined
      ? defaultLimit
      : field('limit', wholeNumber(1, maxLimit), limit, `a whole number from 1 to ${maxLimit}`),
  ...(cursor !== undefined && {
    cursor: field(
      'cursor',
      v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
      cursor,
      'a cursor of this listing',
    ),
  }),
});

/** RFC 6749, appendix A.12 and A.17: visible ASCII and the space. Anything else could not be sent as a header. */
const token = v.pipe(v.string(), v.regex(/^[\x20-\x7e]+$/), v.maxLength(maxTokenLength));
const seconds = wholeNumber(0, 1e9);
const ownerId = v.union([
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~:@-]{1,128}$/)),
  wholeNumber(1, Number.MAX_SAFE_INTEGER),
]);

/** RFC 3339 §5.6. */
const timestampPattern =
  /^(\d{4}-(?:0[1-9]|1[0-2])-\d{2})T(?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** `Date.parse` makes March of 30 February, and nothing of some forms of ISO 8601. */
const isTimestamp = (text: string): boolean => {
  const day = timestampPattern.exec(text)?.[1];
  if (day === undefined) return false;
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day);
};

type Rule = { readonly schema: v.GenericSchema; readonly expected: string; readonly required?: true };

/** Half of a surrogate pair is no Unicode, and could not be stored as UTF-8. */
const text = (maxLength: number) =>
  v.pipe(
    v.string(),
    v.maxLength(maxLength),
    v.check(value => value.isWellFormed()),
  );

/** What a new session may be asked to be like, whichever way it begins. */
const sessionRules = {
  app: { schema: v.pipe(v.string(), v.maxLength(64)), expected: 'the name of an app' },
  strategy: { schema: v.picklist(strategies), expected: `one of ${strategies.join(', ')}` },
  label: { schema: text(256), expected: 'a string of at most 256 characters' },
  accessTokenTtl: {
    schema: wholeNumber(1, 86_400),
    expected: 'a whole number of seconds; RingCentral takes 600 to 3600',
  },
  refreshTokenTtl: {
    schema: wholeNumber(0, 31_536_000),
    expected: 'a whole number of seconds; 0 for no refresh token',
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** RingCentral's token response, of which further fields are ignored, and what may be added to it. */
const importRules: Readonly<Record<string, Rule>> = {
  access_token: { schema: token, expected: 'a token', required: true },
  expires_in: { schema: seconds, expected: 'a whole number of seconds', required: true },
  owner_id: {
    schema: ownerId,
    expected: 'the RingCentral user, as the token response has it',
    required: true,
  },
  refresh_token: { schema: token, expected: 'a token' },
  refresh_token_expires_in: { schema: seconds, expected: 'a whole number of seconds' },
  token_type: { schema: v.pipe(v.string(), v.regex(/^bearer$/i)), expected: '"bearer"' },
  scope: { schema: text(4096), expected: 'a string' },
  endpoint_id: { schema: text(256), expected: 'a string' },
  app: { schema: v.pipe(v.string(), v.maxLength(64)), expected: 'the name of an app' },
  obtainedAt: {
    schema: v.pipe(v.string(), v.check(isTimestamp)),
    expected: 'the time when the response was received, such as 2026-01-31T12:00:00Z',
  },
  strategy: { schema: v.picklist(strategies), expected: `one of ${strategies.join(', ')}` },
  label: { schema: text(256), expected: 'a string of at most 256 characters' },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const checkBody = (
  body: unknown,
  rules: Readonly<Record<string, Rule>>,
  what: string,
): Record<string, unknown> => {
  if (!isObject(body)) throw invalid(`The body must be a JSON object: ${what}.`);
  for (const [name, { schema, expected, required }] of Object.entries(rules)) {
    if (body[name] === undefined) {
      if (required) throw invalid(`"${name}" is missing: it must be ${expected}.`);
    } else {
      field(name, schema, body[name], expected);
    }
  }
  return body;
};

/** `"7"` as an entity tag (RFC 9110 §13.1.1), or the plain number. */
const ifGenerationOf = ({ ifMatch }: RawRequest): number | undefined => {
  if (ifMatch === undefined) return undefined;
  const digits = typeof ifMatch === 'string' ? /^("?)(\d{1,15})\1$/.exec(ifMatch.trim())?.[2] : undefined;
  return field(
    'If-Match',
    generation,
    digits === undefined ? ifMatch : Number(digits),
    "the grant's generation",
  );
};

export const importOf = (request: RawRequest): Import => {
  const body = checkBody(request.body, importRules, "RingCentral's token response");
  const response = readTokenResponse(body);
  if (response?.ownerId === undefined) throw invalid('The body has no usable token response.');
  const { app, obtainedAt, strategy, label } = body as Pick<Import, 'app' | 'strategy' | 'label'> & {
    obtainedAt?: string;
  };
  const firstToken = response.refreshToken ?? response.accessToken;
  return present({
    response: { ...response, ownerId: response.ownerId },
    app,
    obtainedAt: obtainedAt === undefined ? undefined : Date.parse(obtainedAt),
    strategy,
    label,
    ifGeneration: ifGenerationOf(request),
    importHash: createHash('sha256').update(firstToken).digest('hex'),
  }) as Import;
};

const { app: _, ...mintableRules } = sessionRules;

const mintRules: Readonly<Record<string, Rule>> = {
  credential: {
    schema: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
    expected: 'the name of a credential in the JWT secret',
    required: true,
  },
  ...mintableRules,
};

/** Whether a grant is to be minted from a credential, rather than imported. */
export const namesCredential = ({ body }: RawRequest): boolean =>
  isObject(body) && body.credential !== undefined;

/** Tells this grant's sessions from others of the same user and app: the same for ever, and short enough for any provider. */
const endpointIdOf = (grantId: string): string => createHash('sha256').update(grantId).digest('base64url');

export const mintOf = (request: RawRequest): MintRequest => {
  const body = checkBody(request.body, mintRules, 'the name of a credential');
  const strange = Object.keys(body).filter(name => !(name in mintRules));
  if (strange.length > 0) {
    throw invalid(
      `A grant is minted from a credential or imported, not both: beside "credential" there may be ${Object.keys(mintRules).slice(1).join(', ')}.`,
    );
  }
  const { accessTokenTtl, refreshTokenTtl, ...asked } = body;
  return present({
    ...asked,
    ttls: present({ accessTokenTtlSeconds: accessTokenTtl, refreshTokenTtlSeconds: refreshTokenTtl }),
    endpointId: endpointIdOf(grantIdOf(request)),
    ifGeneration: ifGenerationOf(request),
  }) as unknown as MintRequest;
};

const authorizationRules: Readonly<Record<string, Rule>> = {
  ...sessionRules,
  app: { schema: v.pipe(v.string(), v.maxLength(64)), expected: 'the name of an app', required: true },
  code: { schema: token, expected: 'the authorization code', required: true },
  codeVerifier: {
    schema: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~-]{43,128}$/)),
    expected: '43 to 128 characters (RFC 7636 §4.1)',
  },
  redirectUri: { schema: text(2048), expected: 'the URL that the code was sent to', required: true },
  endpointId: { schema: text(256), expected: 'a string' },
  allowOwnerChange: { schema: v.boolean(), expected: 'true or false' },
};

export const authorizationOf = ({ body }: RawRequest): Authorization => {
  const fields = checkBody(body, authorizationRules, 'an authorization code and what it is for');
  const { accessTokenTtl, refreshTokenTtl, allowOwnerChange = false, ...authorization } = fields;
  return present({
    ...authorization,
    allowOwnerChange,
    ttls: present({ accessTokenTtlSeconds: accessTokenTtl, refreshTokenTtlSeconds: refreshTokenTtl }),
  }) as unknown as Authorization;
};

/** What a connect link is to allow. `expiresIn` in seconds. */
const linkRules: Readonly<Record<string, Rule>> = {
  ...sessionRules,
  returnTo: { schema: text(2048), expected: 'a URL' },
  allowOwnerChange: { schema: v.boolean(), expected: 'true or false' },
  expiresIn: { schema: wholeNumber(60, 86_400), expected: 'a whole number of seconds from 60 to 86400' },
};

const defaultLinkSeconds = 900;

export const linkRequestOf = ({ body = {} }: RawRequest): LinkRequest => {
  const fields = checkBody(body, linkRules, 'what the link is to allow');
  const stranger = Object.keys(fields).find(name => !(name in linkRules));
  if (stranger !== undefined)
    throw invalid(`A connect link takes ${Object.keys(linkRules).join(', ')} only.`);
  const { accessTokenTtl, refreshTokenTtl, allowOwnerChange = false, expiresIn, ...rest } = fields;
  return present({
    ...rest,
    allowOwnerChange,
    lifetimeMs: 1000 * ((expiresIn as number | undefined) ?? defaultLinkSeconds),
    accessTokenTtlSeconds: accessTokenTtl,
    refreshTokenTtlSeconds: refreshTokenTtl,
  }) as unknown as LinkRequest;
};
