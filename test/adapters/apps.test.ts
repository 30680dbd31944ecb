import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApps, parseApps } from '../../functions/adapters/apps.ts';
import { ConfigurationError } from '../../functions/environment.ts';
import type { Clock } from '../../functions/keeper/ports.ts';

const main = {
  name: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'SECRET-client_id',
  clientSecret: 'SECRET-client_secret',
};
const other = { ...main, name: 'other_App-2', server: 'https://platform.devtest.ringcentral.com' };

const secretOf = (...apps: unknown[]): string => JSON.stringify({ apps });
const without = (field: keyof typeof main) =>
  Object.fromEntries(Object.entries(main).filter(([name]) => name !== field));

const failure = (secret: string): Error => {
  try {
    parseApps(secret);
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable('it was accepted');
};

describe('the apps secret', () => {
  it('holds one app or more', () => {
    expect(parseApps(secretOf(main))).toEqual([main]);
    expect(parseApps(secretOf(main, other))).toEqual([main, other]);
  });

  it('may say more than is needed, which is left where it is', () => {
    const secret = JSON.stringify({ apps: [{ ...main, note: 'SECRET' }], rotatedBy: 'SECRET' });
    expect(parseApps(secret)).toEqual([main]);
  });

  it('has public clients, which have no secret, and confidential ones that do without pkce', () => {
    expect(parseApps(secretOf({ ...without('clientSecret'), public: true }))).toEqual([
      without('clientSecret'),
    ]);
    expect(parseApps(secretOf({ ...main, pkce: false }))).toEqual([{ ...main, pkce: false }]);
  });

  it('takes ids and secrets as they are', () => {
    const odd = { ...main, clientId: " -_.!~*'()%+", clientSecret: 'ü☎ :%20"\\' };
    expect(parseApps(secretOf(odd))).toEqual([odd]);
  });

  it.each([
    ['is empty', '', 'must be an object with a list "apps"'],
    ['is no JSON', '{"apps":[{"clientSecret":"SECRET', 'must be an object with a list "apps"'],
    ['is text', '"SECRET"', 'must be an object with a list "apps"'],
    ['is null', 'null', 'must be an object with a list "apps"'],
    ['is one app without a list', JSON.stringify(main), 'at apps: must be an object with a list "apps"'],
    ['has apps that are no list', '{"apps":{"main":"SECRET"}}', 'at apps: "apps" must be a list'],
    ['has no app', '{"apps":[]}', 'at apps: "apps" is empty'],
    [
      'has too many apps',
      secretOf(...Array.from({ length: 101 }, (_, i) => ({ ...main, name: `app-${i}` }))),
      'at apps: expected <=100',
    ],
    ['has an app that is text', secretOf('SECRET'), 'at apps.0: expected Object'],
    [
      'has one client under two names',
      secretOf(main, { ...main, name: 'again' }),
      'two apps have the same server and clientId',
    ],
    [
      'has a client id with a colon',
      secretOf({ ...main, clientId: 'a:b' }),
      'at apps.0.clientId: clientId has a colon',
    ],
    ['has two apps of one name', secretOf(main, other, main), 'two apps have the same name'],
    ['has an app without a name', secretOf(main, without('name')), 'at apps.1.name: expected "name"'],
    ['has a name that is no text', secretOf({ ...main, name: 7 }), 'at apps.0.name: name must be a string'],
    ['has an empty name', secretOf({ ...main, name: '' }), 'name must be 1 to 64 letters, digits, _ or -'],
    ['has a long name', secretOf({ ...main, name: 'SECRET'.repeat(11) }), 'name must be 1 to 64 letters'],
    ['has a name with a slash', secretOf({ ...main, name: 'SECRET/1' }), 'name must be 1 to 64 letters'],
    ['has no server', secretOf(without('server')), 'at apps.0.server: expected "server"'],
    ['has a server that is no text', secretOf({ ...main, server: ['SECRET'] }), 'server must be a string'],
    ['has no client id', secretOf(without('clientId')), 'at apps.0.clientId: expected "clientId"'],
    ['has an empty client id', secretOf({ ...main, clientId: '' }), 'clientId is empty'],
    ['has a client id that is no text', secretOf({ ...main, clientId: 4711 }), 'clientId must be a string'],
    [
      'has no client secret',
      secretOf(without('clientSecret')),
      'at apps.0: clientSecret is missing (a public client has none and says "public": true)',
    ],
    [
      'has a public client with a secret',
      secretOf({ ...main, public: true }),
      'a public client has no clientSecret',
    ],
    [
      'has a public client without pkce',
      secretOf({ ...without('clientSecret'), public: true, pkce: false }),
      'cannot do without pkce',
    ],
    ['says that an app is not public', secretOf({ ...main, public: false }), 'public can only be true'],
    ['says that pkce is used', secretOf({ ...main, pkce: true }), 'pkce can only be false'],
    ['has an empty client secret', secretOf({ ...main, clientSecret: '' }), 'clientSecret is empty'],
    [
      'has a client secret that is null',
      secretOf({ ...main, clientSecret: null }),
      'clientSecret must be a string',
    ],
    [
      'has a client secret without end',
      secretOf({ ...main, clientSecret: 'SECRET'.repeat(100) }),
      'at apps.0.clientSecret: expected <=512',
    ],
  ])('that %s is refused, with what is wrong and without what it says', (_, secret, message) => {
    const error = failure(secret);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toContain(`The apps secret is not valid`);
    expect(error.message).toContain(message);
    expect(error.message).toContain('It must be {"apps":[{"name","server","clientId","clientSecret"}]}.');
    expect(`${error.stack}${JSON.stringify(error)}${error.cause}`).not.toMatch(/SECRET|4711/);
  });
});

describe('a server', () => {
  const serverOf = (server: string) => parseApps(secretOf({ ...main, server }))[0]?.server;

  it.each([
    ['production', 'https://platform.ringcentral.com'],
    ['another brand', 'https://platform.ringcentral.biz'],
    ['another port', 'https://platform.example:8443'],
    ['one behind a path', 'https://proxy.example/ringcentral'],
    ['a simulator on localhost', 'http://localhost:4001'],
    ['a simulator on 127.0.0.1', 'http://127.0.0.1:4001'],
    ['a simulator on ::1', 'http://[::1]:4001'],
  ])('may be %s', (_, server) => {
    expect(serverOf(server)).toBe(server);
  });

  it.each([
    ['https://platform.ringcentral.com/', 'https://platform.ringcentral.com'],
    ['https://platform.ringcentral.com//', 'https://platform.ringcentral.com'],
    ['https://proxy.example/ringcentral/', 'https://proxy.example/ringcentral'],
  ])('%s is taken without the slash at its end', (given, server) => {
    expect(serverOf(given)).toBe(server);
  });

  it.each([
    ['no URL', 'platform.ringcentral.com'],
    ['empty', ''],
    ['plain HTTP', 'http://platform.ringcentral.com'],
    ['plain HTTP to a host that only begins like loopback', 'http://127.0.0.1.example'],
    ['plain HTTP to a host that only ends like loopback', 'http://example.localhost'],
    ['plain HTTP to this whole network', 'http://0.0.0.0'],
    ['another scheme', 'ftp://localhost'],
    ['a script', 'javascript:alert(1)'],
    ['a file', 'file:///etc/passwd'],
    ['with a user', 'https://SECRET@platform.ringcentral.com'],
    ['with a user and a password', 'https://user:SECRET@platform.ringcentral.com'],
    ['with a password only', 'https://:SECRET@platform.ringcentral.com'],
    ['with an empty user', 'https://@platform.ringcentral.com'],
    ['with a query', 'https://platform.ringcentral.com?key=SECRET'],
    ['with an empty query: the path of the endpoint would become one', 'https://platform.ringcentral.com?'],
    ['with a fragment', 'https://platform.ringcentral.com#SECRET'],
    [
      'with an empty fragment: the path of the endpoint would become one',
      'https://platform.ringcentral.com#',
    ],
    ['with space before it', ' https://platform.ringcentral.com'],
    ['with a line end after it', 'https://platform.ringcentral.com\n'],
    ['with a control character after it, which is only left out at the end', 'http://localhost\u0000'],
    ['with backslashes', 'https:\\\\platform.ringcentral.com'],
    ['without slashes', 'https:platform.ringcentral.com'],
    ['with three slashes', 'https:///platform.ringcentral.com'],
    ['with its scheme in capitals, which the client does not know as loopback', 'HTTP://localhost'],
  ])('must not be %s', (_, server) => {
    const error = failure(secretOf({ ...main, server }));
    expect(error.message).toContain(
      'at apps.0.server: server must be a base URL such as https://platform.ringcentral.com',
    );
    expect(error.message).not.toContain('SECRET');
  });
});

describe('apps in Secrets Manager', () => {
  const cacheMs = 60_000;
  let secrets: ReturnType<typeof mockSecrets>;
  let now: number;
  const clock: Clock = { now: () => now, sleep: async () => {} };
  const mockSecrets = () => mockClient(SecretsManagerClient);
  const open = () => createApps(new SecretsManagerClient({}), 'the-secret', cacheMs, clock);
  const reads = () => secrets.commandCalls(GetSecretValueCommand).length;
  const stores = (...apps: unknown[]) =>
    secrets.on(GetSecretValueCommand).resolves({ SecretString: secretOf(...apps) });
  const isDown = () => secrets.on(GetSecretValueCommand).rejects(new Error('Secrets Manager is down'));

  beforeEach(() => {
    now = 1_000_000;
    secrets = mockSecrets();
  });
  afterEach(() => secrets.restore());

  it('are read from the secret that is configured', async () => {
    stores(main, other);
    expect(await open().all()).toEqual([main, other]);
    expect(secrets.commandCalls(GetSecretValueCommand).map(({ args }) => args[0].input)).toEqual([
      { SecretId: 'the-secret' },
    ]);
  });

  it('are kept for a while, and then read again', async () => {
    stores(main);
    const apps = open();
    await apps.all();
    stores(other);
    now += cacheMs - 1;
    expect(await apps.all()).toEqual([main]);
    expect(reads()).toBe(1);
    now += 1;
    expect(await apps.all()).toEqual([other]);
    expect(reads()).toBe(2);
    now += cacheMs - 1;
    await apps.all();
    expect(reads()).toBe(2);
  });

  it('are read again at once where fresh ones are asked for, and those are then kept', async () => {
    stores(main);
    const apps = open();
    await apps.all();
    stores(other);
    expect(await apps.all({ fresh: true })).toEqual([other]);
    expect(await apps.all()).toEqual([other]);
    expect(reads()).toBe(2);
  });

  it('are read once, however many ask at once', async () => {
    stores(main);
    const apps = open();
    const answers = await Promise.all([
      ...Array.from({ length: 50 }, () => apps.all()),
      ...Array.from({ length: 50 }, () => apps.all({ fresh: true })),
    ]);
    expect(answers).toEqual(Array.from({ length: 100 }, () => [main]));
    expect(reads()).toBe(1);
  });

  it.each([
    ['Secrets Manager is down', () => isDown()],
    ['the secret has become invalid', () => stores({ ...main, name: '' })],
    [
      'the secret has become binary',
      () => secrets.on(GetSecretValueCommand).resolves({ SecretBinary: Buffer.from('x') }),
    ],
  ])('stay what they were while %s', async (_, goesWrong) => {
    stores(main);
    const apps = open();
    await apps.all();
    goesWrong();
    now += 10 * cacheMs;
    expect(await apps.all()).toEqual([main]);
    expect(reads()).toBe(2);
    stores(other);
    expect(await apps.all()).toEqual([other]);
  });

  it('are an error where fresh ones are asked for and cannot be had', async () => {
    stores(main);
    const apps = open();
    await apps.all();
    isDown();
    await expect(apps.all({ fresh: true })).rejects.toThrow('Secrets Manager is down');
    expect(await apps.all()).toEqual([main]);
  });

  it('are an error where there never were any, for all who asked; the next one asks again', async () => {
    isDown();
    const apps = open();
    const answers = await Promise.allSettled([apps.all(), apps.all(), apps.all()]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(reads()).toBe(1);
    stores(main);
    expect(await apps.all()).toEqual([main]);
  });

  it('must not be binary', async () => {
    secrets.on(GetSecretValueCommand).resolves({ SecretBinary: Buffer.from(secretOf(main)) });
    const reading = open().all();
    await expect(reading).rejects.toThrow(ConfigurationError);
    await expect(reading).rejects.toThrow('The apps secret is binary; it must be JSON text.');
  });

  it('are kept by each reader for itself', async () => {
    stores(main);
    await open().all();
    await open().all();
    expect(reads()).toBe(2);
  });
});
