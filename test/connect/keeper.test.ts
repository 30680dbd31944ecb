/** The way to the keeper: one invocation of one alias, and what is believed of its answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createConnector } from '../../functions/connect/keeper.ts';
import { localCredentials, localRegion } from '../../sandbox/aws/database.ts';

const alias = 'arn:aws:lambda:us-east-1:123456789012:function:ringbearer-api:connect';
let server: Server;
let connect: ReturnType<typeof createConnector>;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
const requests: { readonly path: string; readonly body: unknown }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    requests.push({ path, body: JSON.parse((await buffer(request)).toString()) });
    answer(response, request);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new LambdaClient({
    endpoint,
    region: localRegion,
    credentials: localCredentials,
    maxAttempts: 1,
  });
  connect = createConnector(alias, client);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests.length = 0;
});

const says = (payload: unknown, headers: Record<string, string> = {}) => {
  answer = response => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(typeof payload === 'string' ? payload : JSON.stringify(payload));
  };
};

describe('the keeper', () => {
  it('is asked through its alias, for the one action that this allows', async () => {
    says({ ok: true, result: { grantId: 'acme:101' } });
    await connect('acme:101', { code: 'c', endpointId: undefined });
    expect(requests).toEqual([
      {
        path: `/2015-03-31/functions/${alias}/invocations`,
        body: { action: 'connectGrant', grantId: 'acme:101', body: { code: 'c' } },
      },
    ]);
  });

  it('is believed when it has connected, and nothing of the grant is kept', async () => {
    says({ ok: true, result: { grantId: 'acme:101', accessToken: 'SECRET' } });
    expect(await connect('acme:101', {})).toEqual({ ok: true });
  });

  it('is believed when it has not: the code, and when to come again, and no more', async () => {
    const error = { code: 'provider-unavailable', detail: 'SECRET', status: 503, retryAfterSeconds: 31 };
    says({ ok: false, error });
    expect(await connect('acme:101', {})).toEqual({
      ok: false,
      error: { code: 'provider-unavailable', retryAfterSeconds: 31 },
    });
  });

  it.each<[string, unknown, Record<string, string>?]>([
    ['an error of the function', { errorMessage: 'SECRET' }, { 'x-amz-function-error': 'Unhandled' }],
    ['nothing', ''],
    ['null', 'null'],
    ['no JSON', 'SECRET'],
    ['an answer of another kind', { statusCode: 200 }],
    ['a refusal without a code', { ok: false, error: {} }],
  ])('is not believed, and not quoted, when what comes is %s', async (_what, payload, headers) => {
    says(payload, headers);
    const outcome = await connect('acme:101', {}).catch((error: Error) => error);
    expect(outcome).toBeInstanceOf(Error);
    expect((outcome as Error).name).not.toContain('SECRET');
  });

  it.each<[string, (response: ServerResponse, request: IncomingMessage) => void]>([
    ['an error of Lambda', response => response.writeHead(500).end('{}')],
    ['too many requests', response => response.writeHead(429).end('{}')],
    ['a broken connection', (_, request) => request.socket.destroy()],
  ])('is not asked a second time after %s: a code works once', async (_what, failure) => {
    answer = failure;
    // The client that the function makes for itself.
    process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_REGION = localRegion;
    process.env.AWS_ACCESS_KEY_ID = localCredentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = localCredentials.secretAccessKey;
    await expect(createConnector(alias)('acme:101', {})).rejects.toThrow();
    expect(requests).toHaveLength(1);
  });
});
