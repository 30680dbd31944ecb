/** The apps in Secrets Manager: `{"apps":[{"name","server","clientId","clientSecret"}]}`. A public client has `"public": true` in place of `clientSecret`. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import type { App } from '../domain/app.ts';
import { ConfigurationError } from '../environment.ts';
import type { Apps, Clock } from '../keeper/ports.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Paths are appended to the text as it stands, so it must be what `URL` makes of it: no `?`, no space, nothing that is mended. */
const serverForm = /^https?:\/\/[^/\s?#@\\\p{Cc}][^\s?#@\\\p{Cc}]*$/u;

const isServer = (text: string): boolean => {
  if (!serverForm.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'https:' || loopback.has(url.hostname);
};

const field = (name: string) =>
  v.pipe(v.string(`${name} must be a string`), v.minLength(1, `${name} is empty`), v.maxLength(512));

const appEntries = v.object({
  name: v.pipe(
    v.string('name must be a string'),
    v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'name must be 1 to 64 letters, digits, _ or -'),
  ),
  server: v.pipe(
    v.string('server must be a string'),
    v.check(isServer, 'server must be a base URL such as https://platform.ringcentral.com'),
    v.transform(server => server.replace(/\/+$/, '')),
  ),
  clientId: v.pipe(
    field('clientId'),
    v.excludes(':', 'clientId has a colon, which HTTP Basic cannot express'),
  ),
  clientSecret: v.exactOptional(field('clientSecret')),
  public: v.exactOptional(
    v.literal(true, 'public can only be true: leave it out where there is a clientSecret'),
  ),
  pkce: v.exactOptional(v.literal(false, 'pkce can only be false: leave it out where it is used')),
});

/** A client is public only where the secret says so: a forgotten `clientSecret` must not make one of it. */
const appSchema = v.pipe(
  appEntries,
  v.check(
    app => app.public === true || app.clientSecret !== undefined,
    'clientSecret is missing (a public client has none and says "public": true)',
  ),
  v.check(
    app => app.public !== true || (app.clientSecret === undefined && app.pkce !== false),
    'a public client has no clientSecret and cannot do without pkce',
  ),
  v.transform(({ public: _, ...app }): App => app),
);

const secretSchema = v.pipe(
  v.object(
    {
      apps: v.pipe(
        v.array(appSchema, '"apps" must be a list'),
        v.minLength(1, '"apps" is empty'),
        v.maxLength(100),
      ),
    },
    'must be an object with a list "apps"',
  ),
  v.check(
    ({ apps }) => new Set(apps.map(app => app.name)).size === apps.length,
    'two apps have the same name',
  ),
  // One grant per app and owner would otherwise mean two for one client.
  v.check(
    ({ apps }) => new Set(apps.map(app => `${app.server} ${app.clientId}`)).size === apps.length,
    'two apps have the same server and clientId',
  ),
);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Throws {@link ConfigurationError}, naming what is wrong and quoting nothing. */
export const parseApps = (secret: string): readonly App[] => {
  const parsed = v.safeParse(secretSchema, parseJson(secret));
  if (parsed.success) return parsed.output.apps;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue);
  throw new ConfigurationError(
    `The apps secret is not valid${where === null ? '' : ` at ${where}`}: ${expectation(issue)}. ` +
      'It must be {"apps":[{"name","server","clientId","clientSecret"}]}.',
  );
};

/** Valibot's own messages quote what they received; ours do not. */
const expectation = (issue: v.BaseIssue<unknown>): string =>
  issue.message.startsWith('Invalid') ? `expected ${issue.expected ?? 'something else'}` : issue.message;

export const createApps = (
  client: SecretsManagerClient,
  secretId: string,
  cacheMs: number,
  clock: Clock,
): Apps => {
  let cached: { readonly apps: readonly App[]; readonly readAt: number } | undefined;
  let reading: Promise<readonly App[]> | undefined;

  const read = async (): Promise<readonly App[]> => {
    const { SecretString: secret } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    if (secret === undefined)
      throw new ConfigurationError('The apps secret is binary; it must be JSON text.');
    const apps = parseApps(secret);
    cached = { apps, readAt: clock.now() };
    return apps;
  };

  /** However many ask at once, the secret is read once. */
  const readOnce = (): Promise<readonly App[]> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    all: async ({ fresh = false } = {}) => {
      if (!fresh && cached !== undefined && clock.now() - cached.readAt < cacheMs) return cached.apps;
      try {
        return await readOnce();
      } catch (error) {
        // What was valid a moment ago keeps tokens alive while the secret cannot be read.
        if (cached === undefined || fresh) throw error;
        return cached.apps;
      }
    },
  };
};
