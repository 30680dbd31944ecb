/** The JWT secret: what it may hold, what is said of one that is wrong, and when it is read. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCredentials, parseCredentials } from '../../functions/adapters/credentials.ts';
import { ConfigurationError } from '../../functions/environment.ts';
import type { Clock } from '../../functions/keeper/ports.ts';

const jwt = 'SECRET.eyJhbGciOiJSUzI1NiJ9-_.sig';
const credential = { name: 'switchboard', app: 'main', jwt };
const secretOf = (...credentials: unknown[]) => JSON.stringify({ credentials });

const failureOf = (secret: string): Error => {
  try {
    parseCredentials(secret);
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('it was taken');
};

describe('the JWT secret', () => {
  it('holds credentials by name, each of an app, or none', () => {
    const other = { ...credential, name: 'reports' };
    expect(parseCredentials(secretOf(credential, other))).toEqual([credential, other]);
    expect(parseCredentials('{"credentials":[]}')).toEqual([]);
  });

  it('may hold more than is needed, such as a note', () => {
    expect(parseCredentials(secretOf({ ...credential, note: 'until May' }))).toEqual([credential]);
  });

  it.each<[string, string, string]>([
    ['no JSON', `SECRET ${jwt}`, 'must be an object with a list "credentials"'],
    ['a list', `["${jwt}"]`, 'credentials'],
    ['no list', `{"credentials":"${jwt}"}`, '"credentials" must be a list'],
    ['no name', secretOf({ ...credential, name: undefined }), 'credentials.0.name'],
    ['a name that is none', secretOf({ ...credential, name: `a ${jwt}` }), 'name must be 1 to 64 letters'],
    ['no app', secretOf({ ...credential, app: 7 }), 'app must be a string'],
    ['no JWT', secretOf({ ...credential, jwt: undefined }), 'credentials.0.jwt'],
    [
      'a JWT in two lines',
      secretOf({ ...credential, jwt: `${jwt}\n${jwt}` }),
      'without spaces or line breaks',
    ],
    ['an endless JWT', secretOf({ ...credential, jwt: jwt.repeat(1000) }), 'jwt is too long'],
    ['a name twice', secretOf(credential, { ...credential, app: 'b' }), 'two credentials have the same name'],
  ])('with %s is an error that says where, and quotes nothing', (_, secret, told) => {
    const error = failureOf(secret);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/^The JWT secret is not valid/);
    expect(error.message).toContain(told);
    expect(error.message).toContain('It must be {"credentials":[{"name","app","jwt"}]}.');
    expect(error.message).not.toContain('SECRET');
  });
});

describe('credentials in Secrets Manager', () => {
  const cacheMs = 60_000;
  let secrets: ReturnType<typeof mockSecrets>;
  let now = 0;
  const clock: Clock = { now: () => now, sleep: async () => {} };
  const mockSecrets = () => mockClient(SecretsManagerClient);
  const open = (id: string | undefined = 'the-secret') =>
    createCredentials(new SecretsManagerClient({}), id, cacheMs, clock);
  const reads = () => secrets.commandCalls(GetSecretValueCommand);
  const stores = (...credentials: unknown[]) =>
    secrets.on(GetSecretValueCommand).resolves({ SecretString: secretOf(...credentials) });

  beforeEach(() => {
    secrets = mockSecrets();
  });
  afterEach(() => secrets.restore());

  it('are read from the secret that is configured, and kept for a while', async () => {
    stores(credential);
    const credentials = open();
    expect(await credentials.all()).toEqual([credential]);
    stores();
    now += cacheMs - 1;
    expect(await credentials.all()).toEqual([credential]);
    expect(await credentials.all({ fresh: true })).toEqual([]);
    expect(reads().map(({ args }) => args[0].input)).toEqual(Array(2).fill({ SecretId: 'the-secret' }));
  });

  it('are none where no secret is configured, which is no error', async () => {
    const credentials = createCredentials(new SecretsManagerClient({}), undefined, cacheMs, clock);
    expect(await credentials.all({ fresh: true })).toEqual([]);
    expect(reads()).toEqual([]);
  });

  it('stay what they were while the secret is binary, and are an error where fresh ones are asked for', async () => {
    stores(credential);
    const credentials = open();
    await credentials.all();
    secrets.on(GetSecretValueCommand).resolves({ SecretBinary: Buffer.from('x') });
    now += cacheMs;
    expect(await credentials.all()).toEqual([credential]);
    await expect(credentials.all({ fresh: true })).rejects.toThrow(
      'The JWT secret is binary; it must be JSON text.',
    );
  });
});
