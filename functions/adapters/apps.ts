/** The apps in Secrets Manager: `{"apps":[{"name","server","clientId","clientSecret"}]}`. A public client has `"public": true` in place of `clientSecret`. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import type { App } from '../domain/app.ts';
import type { Apps, Clock } from '../keeper/ports.ts';
import { createSecretReader, invalidSecret, parseJson } from './secret.ts';

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

/** Throws {@link ConfigurationError}, naming what is wrong and quoting nothing. */
export const parseApps = (secret: string): readonly App[] => {
  const parsed = v.safeParse(secretSchema, parseJson(secret));
  if (parsed.success) return parsed.output.apps;
  throw invalidSecret(
    'apps secret',
    parsed.issues[0],
    '{"apps":[{"name","server","clientId","clientSecret"}]}',
  );
};

export const createApps = (
  client: SecretsManagerClient,
  secretId: string,
  cacheMs: number,
  clock: Clock,
): Apps => {
  const all = createSecretReader(
    client,
    { id: secretId, name: 'apps secret', parse: parseApps },
    cacheMs,
    clock,
  );
  return { all };
};
