/** RingCentral's own SDK, unmodified, with Ringbearer's tokens, against the real api handler and the simulator. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import sdkPackage from '@ringcentral/sdk';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTokenClient, ReauthorizationRequired, type TokenClient } from '../../client/index.ts';
import { sharedSession } from '../../client/ringcentral-sdk.ts';
import { quickSettings } from '../api/api.ts';
import { owners, type Sandbox, startSandbox } from '../system/sandbox.ts';
import { fakeClock, scripted, served } from './fake.ts';

const { SDK } = sdkPackage as unknown as typeof import('@ringcentral/sdk');

const path = '/restapi/v1.0/account/~/extension/~';

let sandbox: Sandbox;
let tokens: TokenClient;
let connected = 0;
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  process.env.POWERTOOLS_METRICS_DISABLED = 'true';
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  sandbox = await startSandbox({ ...quickSettings, maxReportsPerHour: 1000 });
  tokens = createTokenClient({
    transport: request => sandbox.direct('get', request),
  });
});
afterAll(() => sandbox.close());

const connect = async (): Promise<{ grantId: string; ownerId: string }> => {
  const grantId = `acme:${connected}`;
  const ownerId = owners[connected] ?? '';
  connected += 1;
  expect((await sandbox.connect(grantId, ownerId)).status).toBe(201);
  return { grantId, ownerId };
};

const platformOf = (grantId: string, server = sandbox.simulator.url, client = tokens) =>
  new SDK({ server, clientId: 'client-id', ...sharedSession(client, grantId) }).platform();

const counts = () => sandbox.simulator.provider.stats().counts;

describe('instances of @ringcentral/sdk', () => {
  it('share one session: no instance asks for a token, and a replaced one is replaced for all', async () => {
    const { grantId } = await connect();
    const platforms = Array.from({ length: 5 }, () => platformOf(grantId));
    const read = () => Promise.all(platforms.map(async platform => (await platform.get(path)).json()));
    expect(await read()).toEqual(Array(5).fill(expect.objectContaining({ extensionNumber: '101' })));
    const before = counts();
    await sandbox.direct('get', { action: 'refreshToken', grantId, rejectedGeneration: 1 });
    expect(await read()).toEqual(Array(5).fill(expect.objectContaining({ extensionNumber: '101' })));
    expect(counts()).toMatchObject({
      issued: before.issued,
      refreshed: before.refreshed + 1,
      needless: 0,
      revoked: before.revoked,
    });
    expect(await tokens.get(grantId)).toMatchObject({ generation: 2 });
  });

  it('are told why when the grant was revoked, and when its owner must authorise again', async () => {
    const [revoked, ended] = [await connect(), await connect()];
    const platforms = [platformOf(revoked.grantId), platformOf(ended.grantId)] as const;
    for (const platform of platforms) await platform.get(path);
    await sandbox.http('DELETE', `/grants/${revoked.grantId}`);
    await expect(platforms[0].get(path)).rejects.toMatchObject({ code: 'grant-revoked' });
    sandbox.simulator.provider.endSessions(ended.ownerId);
    const error = await platforms[1].get(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ReauthorizationRequired);
    // The SDK adds the request to errors: it must not be the one with the token.
    expect(JSON.stringify([error, { ...(error as { request: Request }).request.headers }])).not.toContain(
      'earer',
    );
    expect((error as { request: Request }).request.headers.get('authorization')).toBeNull();
  });

  it('live through an outage of the token endpoint', async () => {
    const { grantId } = await connect();
    const platform = platformOf(grantId);
    await platform.get(path);
    sandbox.simulator.faults.add({
      endpoint: 'token',
      kind: 'status',
      status: 503,
      processed: true,
      times: 1,
    });
    await sandbox.direct('get', { action: 'refreshToken', grantId, rejectedGeneration: 1 });
    expect((await platform.get(path)).status).toBe(200);
    expect(await tokens.get(grantId)).toMatchObject({ generation: 2 });
  });

  it('never refresh, log in or log out by themselves', async () => {
    const { grantId } = await connect();
    const platform = platformOf(grantId);
    const before = sandbox.simulator.provider.log().length;
    await expect(platform.refresh()).rejects.toThrow('not supported in Auth Proxy mode');
    await expect(platform.logout()).rejects.toThrow('not supported in Auth Proxy mode');
    await expect(platform.login({ jwt: 'x' })).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(platform.login({ code: 'x' })).rejects.toThrow('Ringbearer keeps this session');
    expect(await platform.ensureLoggedIn()).toBeNull();
    expect(sandbox.simulator.provider.log()).toHaveLength(before);
    expect((await platform.get(path)).status).toBe(200);
  });

  it('of another server than the grant get no token', async () => {
    const { grantId } = await connect();
    const platform = platformOf(grantId, 'http://127.0.0.1:9');
    await expect(platform.get(path)).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('requests of the SDK', () => {
  const seen: { authorization: string | undefined; type: string | undefined; body: string }[] = [];
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { authorization, 'content-type': type } = request.headers;
      seen.push({ authorization, type, body });
      const valid = authorization === 'Bearer token-2';
      response.writeHead(valid ? 200 : 401, { 'content-type': 'application/json' }).end('{"fine":true}');
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it.each([
    ['JSON', () => ({ text: 'hello' }), 'application/json', '{"text":"hello"}'],
    [
      'a form',
      () => {
        const form = new FormData();
        form.append('attachment', new Blob(['file'], { type: 'text/plain' }), 'a.txt');
        return form;
      },
      'multipart/form-data',
      'filename="a.txt"',
    ],
  ])('with %s are sent again whole after a 401', async (_, body, type, part) => {
    seen.length = 0;
    const { transport } = scripted(served(1, { server: url }), served(2, { server: url }));
    const platform = platformOf('acme:101', url, createTokenClient({ transport, clock: fakeClock() }));
    const response = await platform.post('/restapi/v1.0/account/~/extension/~/sms', body());
    expect(await response.json()).toEqual({ fine: true });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    expect(seen[0]?.body).toBe(seen[1]?.body);
    expect(seen[1]).toMatchObject({
      type: expect.stringContaining(type),
      body: expect.stringContaining(part),
    });
  });
});
