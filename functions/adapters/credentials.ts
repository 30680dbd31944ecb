/** The JWT credentials in Secrets Manager: `{"credentials":[{"name","app","jwt"}]}`. */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import type { Credential } from '../domain/mint.ts';
import { maxTokenLength } from '../domain/tokens.ts';
import type { Clock, Credentials } from '../keeper/ports.ts';
import { createSecretReader, invalidSecret, parseJson } from './secret.ts';

const named = (field: string) =>
  v.pipe(
    v.string(`${field} must be a string`),
    v.regex(/^[A-Za-z0-9_-]{1,64}$/, `${field} must be 1 to 64 letters, digits, _ or -`),
  );

const secretSchema = v.pipe(
  v.object(
    {
      credentials: v.pipe(
        v.array(
          v.object({
            name: named('name'),
            app: named('app'),
            jwt: v.pipe(
              v.string('jwt must be a string'),
              v.maxLength(maxTokenLength, 'jwt is too long'),
              v.regex(
                /^[A-Za-z0-9._~+/=-]+$/,
                'jwt must be the text of a JWT, without spaces or line breaks',
              ),
            ),
          }),
          '"credentials" must be a list',
        ),
        v.maxLength(1000),
      ),
    },
    'must be an object with a list "credentials"',
  ),
  v.check(
    ({ credentials }) => new Set(credentials.map(({ name }) => name)).size === credentials.length,
    'two credentials have the same name',
  ),
);

/** Throws `ConfigurationError`, naming what is wrong and quoting nothing. */
export const parseCredentials = (secret: string): readonly Credential[] => {
  const parsed = v.safeParse(secretSchema, parseJson(secret));
  if (parsed.success) return parsed.output.credentials;
  throw invalidSecret('JWT secret', parsed.issues[0], '{"credentials":[{"name","app","jwt"}]}');
};

/** Without a secret there are none. */
export const createCredentials = (
  client: SecretsManagerClient,
  secretId: string | undefined,
  cacheMs: number,
  clock: Clock,
): Credentials => {
  if (secretId === undefined) return { all: async () => [] };
  const all = createSecretReader(
    client,
    { id: secretId, name: 'JWT secret', parse: parseCredentials },
    cacheMs,
    clock,
  );
  return { all };
};
