/** The client against the real api handler, by both ways in, while tokens are rotated and revoked, and RingCentral is away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTokenClient, type TokenClientOptions } from '../../client/index.ts';
import { quickSettings } from '../api/api.ts';
import { type Sandbox, startSandbox } from '../system/sandbox.ts';
import { aliasArn, type Door, openDoor } from './door.ts';

const path = '/restapi/v1.0/account/~/extension/~';
const users = Array.from({ length: 20 }, (_, index) => ({ ownerId: String(1000 + index), name: 'User' }));

let sandbox: Sandbox;
let door: Door;
let connected = 0;
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  process.env.POWERTOOLS_METRICS_DISABLED = 'true';
  // The functions run in this process, and say each time that there are no metrics.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  sandbox = await startSandbox({ ...quickSettings, maxReportsPerHour: 1000 }, { users });
  door = await openDoor(sandbox);
  process.env.AWS_ENDPOINT_URL_LAMBDA = door.url;
});
afterAll(async () => {
  door.close();
  await sandbox.close();
});

const connect = async (): Promise<string> => {
  const grantId = `acme:${connected}`;
  expect((await sandbox.connect(grantId, users[connected]?.ownerId ?? '')).status).toBe(201);
  connected += 1;
  return grantId;
};

/** Somebody else's report: the tokens that others hold are dead from now on. */
const rotate = async (grantId: string): Promise<void> => {
  const { generation } = (await sandbox.http('GET', `/grants/${grantId}`)).body;
  const answer = await sandbox.direct('get', {
    action: 'refreshToken',
    grantId,
    rejectedGeneration: generation,
  });
  expect(answer).toMatchObject({ ok: true, result: { generation: generation + 1 } });
};

const refreshes = () =>
  sandbox.simulator.provider.log().filter(({ grantType }) => grantType === 'refresh_token').length;

const ways: Record<string, () => TokenClientOptions> = {
  'by invocation': () => ({ function: aliasArn('get'), revokeFunction: aliasArn('revoke') }),
  'over signed HTTP': () => ({ url: door.url }),
};

describe.each(Object.entries(ways))('%s', (_, options) => {
  it('a token is got, kept, replaced after a 401, and its grant revoked', async () => {
    const grantId = await connect();
    const client = createTokenClient(options());
    expect((await client.get(grantId)).generation).toBe(1);
    expect((await client.fetch(grantId, path)).status).toBe(200);
    await rotate(grantId);
    const before = refreshes();
    expect((await client.get(grantId)).generation).toBe(1);
    expect((await client.fetch(grantId, path)).status).toBe(200);
    expect((await client.get(grantId)).generation).toBe(2);
    expect(refreshes()).toBe(before);
    expect(await client.grant(grantId)).toMatchObject({ grantId, state: 'active', generation: 2 });
    expect(await client.revoke(grantId)).toMatchObject({ state: 'revoked' });
    await expect(client.get(grantId)).rejects.toMatchObject({ code: 'grant-revoked', status: 410 });
  });

  it('a grant that is not there, and one that somebody else revoked, are errors of their own', async () => {
    const grantId = await connect();
    const client = createTokenClient(options());
    await expect(client.get('nobody')).rejects.toMatchObject({ code: 'grant-not-found', grantId: 'nobody' });
    await client.get(grantId);
    expect((await sandbox.http('DELETE', `/grants/${grantId}`)).status).toBe(200);
    await expect(client.fetch(grantId, path)).rejects.toMatchObject({ code: 'grant-revoked' });
  });

  it('a longer life than was promised is asked for, and the API says what it does not do', async () => {
    const grantId = await connect();
    const client = createTokenClient(options());
    await expect(client.get(grantId, { minTtl: 900 })).resolves.toMatchObject({ generation: 1 });
    await expect(createTokenClient(options()).get(grantId, { minTtl: 901 })).rejects.toMatchObject({
      code: 'invalid-request',
      detail: expect.stringContaining('"minTtl" must be'),
    });
  });

  it('an API that cannot be reached for a moment is asked again', async () => {
    const grantId = await connect();
    const client = createTokenClient(options());
    door.cut = 2;
    expect((await client.get(grantId)).generation).toBe(1);
    door.cut = 1;
    const impatient = createTokenClient({ ...options(), maxWaitMs: 0 });
    await expect(impatient.get(grantId)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('permissions', () => {
  it('that are missing are told as such, without a retry', async () => {
    const grantId = await connect();
    door.asked.length = 0;
    const client = createTokenClient({ function: aliasArn('get'), revokeFunction: aliasArn('get') });
    await expect(client.revoke(grantId)).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    expect(door.asked).toEqual(['revokeGrant']);
  });
});

describe('a clock that is wrong', () => {
  it.each([-120, 120])('by %i minutes costs requests, and no token', async minutes => {
    const grantId = await connect();
    const clock = { now: () => Date.now() + minutes * 60_000, sleep: (ms: number) => sleep(ms) };
    const client = createTokenClient({ function: aliasArn('get'), clock });
    const before = refreshes();
    expect((await client.fetch(grantId, path)).status).toBe(200);
    await rotate(grantId);
    expect((await client.fetch(grantId, path)).status).toBe(200);
    expect(refreshes()).toBe(before + 1);
  });
});

const startCaller = (grantId: string) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'caller.process.ts'), grantId], {
    env: { ...process.env, ...sandbox.variables, ...door.variables },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    output += chunk;
  });
  return {
    started: () => expect.poll(() => output, { timeout: 20_000 }).toContain('STARTED'),
    stop: async (): Promise<Record<string, number>> => {
      child.stdin.write('stop\n');
      await once(child, 'close');
      return JSON.parse(/^OUTCOMES (.*)$/m.exec(output)?.[1] ?? '{}');
    },
  };
};

/** Three processes that call RingCentral all the while. */
const during = async (grantId: string, happens: () => Promise<void>) => {
  const callers = Array.from({ length: 3 }, () => startCaller(grantId));
  await Promise.all(callers.map(({ started }) => started()));
  await happens();
  return Promise.all(callers.map(({ stop }) => stop()));
};

describe('several processes with one grant', () => {
  it('see no 401 while the token is replaced under them, and cause no refresh of their own', async () => {
    const grantId = await connect();
    const before = refreshes();
    const outcomes = await during(grantId, async () => {
      for (let i = 0; i < 6; i += 1) {
        await rotate(grantId);
        await sleep(250);
      }
    });
    for (const outcome of outcomes) expect(outcome).toEqual({ 200: expect.any(Number) });
    expect(refreshes()).toBe(before + 6);
  });

  it('are told when the grant is revoked, all of them', async () => {
    const grantId = await connect();
    const outcomes = await during(grantId, async () => {
      await sleep(300);
      await sandbox.http('DELETE', `/grants/${grantId}`);
      await sleep(300);
    });
    for (const outcome of outcomes) {
      expect(outcome).toEqual({ 200: expect.any(Number), 'grant-revoked': expect.any(Number) });
    }
  });

  it('wait for RingCentral to come back when it took the old token away and the new one was lost', async () => {
    const grantId = await connect();
    const before = refreshes();
    door.asked.length = 0;
    const outcomes = await during(grantId, async () => {
      sandbox.simulator.faults.add({
        endpoint: 'token',
        kind: 'status',
        status: 503,
        processed: true,
        times: 2,
      });
      const report = { action: 'refreshToken', grantId, rejectedGeneration: 1 };
      expect(await sandbox.direct('get', report)).toMatchObject({ error: { code: 'provider-unavailable' } });
      await expect
        .poll(async () => (await sandbox.http('GET', `/grants/${grantId}`)).body.generation, {
          timeout: 9000,
        })
        .toBe(2);
      await sleep(1500);
    });
    for (const outcome of outcomes) expect(outcome).toEqual({ 200: expect.any(Number) });
    expect(refreshes()).toBe(before + 3);
    expect(door.asked).toContain('refreshToken');
  });
});
