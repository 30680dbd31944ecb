/** The client of RingCentral's endpoints against the simulator, with every fault that it knows. */
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenEndpoint } from '../../functions/adapters/token-endpoint.ts';
import type { App } from '../../functions/domain/app.ts';
import type { Clock } from '../../functions/keeper/ports.ts';
import {
  type Fault,
  type Simulator,
  startSimulator,
  type TokenResponse,
} from '../../sandbox/ringcentral/index.ts';
import { serve } from './http.ts';

const clientSecret = 'SECRET-of-the-client';
const ownerId = '1001';
const startedAt = Date.UTC(2026, 0, 1);
const clock: Clock = { now: () => startedAt, sleep: async () => {} };
const timeoutMs = 400;
const endpoint = createTokenEndpoint(timeoutMs, clock);

let simulator: Simulator;
let app: App;
let first: TokenResponse;
let refreshToken: string;
let simulatorNow = startedAt;

beforeAll(async () => {
  simulator = await startSimulator({
    apps: [{ clientId: 'client', clientSecret, redirectUris: ['http://127.0.0.1/'] }],
    users: [{ ownerId, name: 'Ada' }],
    rateLimitScope: 'off',
    clock: () => simulatorNow,
  });
});
afterAll(() => simulator.close());

beforeEach(() => {
  // Past any penalty of the test before.
  simulatorNow += 1_000_000;
  simulator.faults.clear();
  app = { name: 'main', server: simulator.url, clientId: 'client', clientSecret };
  first = simulator.provider.authorize(ownerId, 'client');
  refreshToken = first.refresh_token ?? '';
});

const secretsNow = () => [clientSecret, refreshToken, first.access_token, 'Simulated fault', 'Bad Gateway'];

/** The answer to a fault is small: a kind, a code, perhaps a time. */
const expectNoSecretIn = (answer: unknown) => {
  for (const secret of secretsNow()) expect(inspect(answer)).not.toContain(secret);
};

const sessionOf = ({ session_id }: TokenResponse) =>
  simulator.provider.sessions().find(({ sessionId }) => sessionId === session_id);

type WithoutEndpoint<F> = F extends Fault ? Omit<F, 'endpoint'> : never;
/** What goes wrong, how the simulator is told, and the rest of the answer. */
type Row = [string, WithoutEndpoint<Fault>, object];

const faults: Row[] = [
  ['a delay beyond the timeout, before processing', { kind: 'delay', delayMs: 3000 }, { code: 'timeout' }],
  [
    'a delay beyond the timeout, after processing',
    { kind: 'delay', delayMs: 3000, processed: true },
    { code: 'timeout' },
  ],
  ['a connection cut before processing', { kind: 'drop-before' }, { code: 'no-answer' }],
  ['a connection cut after processing', { kind: 'drop-after' }, { code: 'no-answer' }],
  ['a 500, not processed', { kind: 'status', status: 500 }, { code: 'CMN-211' }],
  ['a 500, processed', { kind: 'status', status: 500, processed: true }, { code: 'CMN-211' }],
  ['a 503 with Retry-After', { kind: 'status', status: 503, retryAfterSeconds: 9 }, { code: 'CMN-211' }],
  ['a 408', { kind: 'status', status: 408, processed: true }, { code: 'CMN-211' }],
  ['a 404', { kind: 'status', status: 404 }, { code: 'CMN-211' }],
  ['a 400 with a code that is no refusal', { kind: 'status', status: 400 }, { code: 'CMN-211' }],
  ['a 401 with a code that is no refusal', { kind: 'status', status: 401 }, { code: 'CMN-211' }],
  ['a page of a proxy', { kind: 'html' }, { code: 'http-502' }],
  ['a page with status 400', { kind: 'html', status: 400 }, { code: 'http-400' }],
  ['a page with status 401', { kind: 'html', status: 401 }, { code: 'http-401' }],
  ['a page with status 403', { kind: 'html', status: 403 }, { code: 'http-403' }],
];

const unreadable: Row[] = [
  ['a body cut off in the middle', { kind: 'truncate' }, { code: 'unreadable-answer' }],
  ['a page with status 200', { kind: 'html', status: 200, processed: true }, { code: 'unreadable-answer' }],
  ['JSON that is none', { kind: 'garbage' }, { code: 'unreadable-answer' }],
  ['JSON that is none, not processed', { kind: 'garbage', processed: false }, { code: 'unreadable-answer' }],
  ['a body of 8 MiB', { kind: 'oversize' }, { code: 'unreadable-answer' }],
  ['an answer without a token', { kind: 'oversize', bytes: 1000 }, { code: 'unreadable-answer' }],
];

const limits: Row[] = [
  [
    "the provider's rate limit",
    { kind: 'rate-limit', retryAfterSeconds: 45 },
    { code: 'CMN-301', retryAfterMs: 45_000 },
  ],
  [
    'a 429 with Retry-After',
    { kind: 'status', status: 429, retryAfterSeconds: 7 },
    { code: 'CMN-211', retryAfterMs: 7000 },
  ],
  ['a 429 without', { kind: 'status', status: 429 }, { code: 'CMN-211' }],
  ['a 429 as a page', { kind: 'html', status: 429 }, { code: 'http-429' }],
];

describe('a refresh', () => {
  it('brings new tokens', async () => {
    const answer = await endpoint.refresh(app, refreshToken);
    expect(answer).toEqual({
      kind: 'rotated',
      response: {
        accessToken: expect.any(String),
        tokenType: 'bearer',
        accessLifetimeMs: 3_600_000,
        refreshToken: expect.any(String),
        refreshLifetimeMs: 604_800_000,
        scope: expect.any(String),
        ownerId,
        endpointId: first.endpoint_id,
        ...(first.session_id === undefined ? {} : { sessionId: first.session_id }),
      },
    });
    const { response } = answer as Extract<typeof answer, { kind: 'rotated' }>;
    expect(response.accessToken).not.toBe(first.access_token);
    expect(response.refreshToken).not.toBe(refreshToken);
  });

  it.each([...faults, ...unreadable])(
    'that meets %s has an unknown outcome',
    async (name, fault, expected) => {
      simulator.faults.add({ endpoint: 'token', ...fault } as Fault);
      // Megabytes take their time on a busy machine.
      const reader = name.includes('MiB') ? createTokenEndpoint(30_000, clock) : endpoint;
      const answer = await reader.refresh(app, refreshToken);
      expect(answer).toStrictEqual({ kind: 'unknown', ...expected });
      expectNoSecretIn(answer);
      expect(simulator.faults.list()).toEqual([]);
      // And so the same token, presented again, brings the tokens.
      expect(await endpoint.refresh(app, refreshToken)).toMatchObject({ kind: 'rotated' });
    },
  );

  it.each(limits)('that meets %s is limited: nothing has happened', async (_, fault, expected) => {
    simulator.faults.add({ endpoint: 'token', ...fault } as Fault);
    const answer = await endpoint.refresh(app, refreshToken);
    expect(answer).toStrictEqual({ kind: 'limited', ...expected });
    expectNoSecretIn(answer);
  });

  it('that is answered just in time is not given up', async () => {
    simulator.faults.add({ endpoint: 'token', kind: 'delay', delayMs: 50 });
    expect(await endpoint.refresh(app, refreshToken)).toMatchObject({ kind: 'rotated' });
  });

  it.each([
    ['a session that the user has ended', () => simulator.provider.endSessions(ownerId)],
    ['a session that the password ended', () => simulator.provider.changePassword(ownerId)],
    [
      'a token that has expired',
      () => {
        simulatorNow += 8 * 86_400_000;
      },
    ],
  ])('of %s is refused', async (_, end) => {
    end();
    const answer = await endpoint.refresh(app, refreshToken);
    expect(answer).toStrictEqual({ kind: 'refused', code: expect.stringMatching(/^OAU-21[013]$/) });
    expectNoSecretIn(answer);
  });

  it('with a token that nobody knows is refused', async () => {
    expect(await endpoint.refresh(app, 'no-such-token')).toStrictEqual({ kind: 'refused', code: 'OAU-213' });
  });

  it.each([
    ['the wrong secret', () => ({ ...app, clientSecret: 'SECRET-that-is-wrong' })],
    ['a client that nobody knows', () => ({ ...app, clientId: 'somebody-else' })],
  ])('with %s is misconfigured, and spends nothing', async (_, other) => {
    const answer = await endpoint.refresh(other(), refreshToken);
    expect(answer).toStrictEqual({ kind: 'misconfigured', code: expect.stringMatching(/^OAU-1\d\d$/) });
    expect(inspect(answer)).not.toContain('SECRET');
    expect(sessionOf(first)?.refreshes ?? 0).toBe(0);
    expect(await endpoint.refresh(app, refreshToken)).toMatchObject({ kind: 'rotated' });
  });

  it.each([
    ['nobody listens', 'http://127.0.0.1:1'],
    ['there is no such host', 'https://no-such-host.invalid'],
    ['the server is no URL', 'nonsense'],
    ['the server is empty', ''],
  ])('where %s has an unknown outcome and throws nothing', async (_, server) => {
    expect(await endpoint.refresh({ ...app, server }, refreshToken)).toStrictEqual({
      kind: 'unknown',
      code: 'no-answer',
    });
    expect(await endpoint.revoke({ ...app, server }, refreshToken)).toStrictEqual({
      kind: 'unknown',
      code: 'no-answer',
    });
  });
});

describe('a revocation', () => {
  it('ends the session', async () => {
    expect(await endpoint.revoke(app, refreshToken)).toStrictEqual({ kind: 'ended' });
    expect(await endpoint.refresh(app, refreshToken)).toMatchObject({ kind: 'refused' });
  });

  it('of what has ended before, or was never there, is as good', async () => {
    await endpoint.revoke(app, refreshToken);
    expect(await endpoint.revoke(app, refreshToken)).toStrictEqual({ kind: 'ended' });
    expect(await endpoint.revoke(app, 'no-such-token')).toStrictEqual({ kind: 'ended' });
  });

  it.each(faults)('that meets %s has an unknown outcome', async (_, fault, expected) => {
    simulator.faults.add({ endpoint: 'revoke', ...fault } as Fault);
    const answer = await endpoint.revoke(app, refreshToken);
    expect(answer).toStrictEqual({ kind: 'unknown', ...expected });
    expectNoSecretIn(answer);
    expect(await endpoint.revoke(app, refreshToken)).toStrictEqual({ kind: 'ended' });
  });

  it.each(limits)('that meets %s is limited: nothing has happened', async (_, fault, expected) => {
    simulator.faults.add({ endpoint: 'revoke', ...fault } as Fault);
    expect(await endpoint.revoke(app, refreshToken)).toStrictEqual({ kind: 'limited', ...expected });
  });

  it('needs no body to be a success, and none is read beyond the cap', async () => {
    simulator.faults.add({ endpoint: 'revoke', kind: 'oversize' });
    expect(await endpoint.revoke(app, refreshToken)).toStrictEqual({ kind: 'ended' });
  });

  it('with the wrong secret is misconfigured, and ends nothing', async () => {
    const answer = await endpoint.revoke({ ...app, clientSecret: 'SECRET-that-is-wrong' }, refreshToken);
    expect(answer).toMatchObject({ kind: 'misconfigured' });
    expect(await endpoint.refresh(app, refreshToken)).toMatchObject({ kind: 'rotated' });
  });
});

const calls = [
  ['a refresh', 'refresh', '/restapi/oauth/token'],
  ['a revocation', 'revoke', '/restapi/oauth/revoke'],
] as const;

describe('on the wire', () => {
  const ok = JSON.stringify({ access_token: 'a', refresh_token: 'r', expires_in: 3600 });
  const token = 'U0pDMTFQMDFQQVMwMXxBQUE-_.~+/=&%20 ü';
  const on = (server: string): App => ({ ...app, server });

  it.each(calls)('%s says who asks, for what, and what it reads', async (_, call, path) => {
    const server = await serve(response => response.end(ok));
    await endpoint[call](on(server.url), token);
    expect(server.received).toMatchObject([
      {
        method: 'POST',
        url: path,
        headers: {
          accept: 'application/json',
          'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded(;|$)/),
          'user-agent': expect.stringMatching(/^Ringbearer\/\d/),
        },
      },
    ]);
    const sent = [...new URLSearchParams(server.received[0]?.body)].sort();
    expect(sent).toEqual(
      call === 'refresh'
        ? [
            ['grant_type', 'refresh_token'],
            ['refresh_token', token],
          ]
        : [['token', token]],
    );
  });

  it.each(
    calls.flatMap(([name, call]) =>
      [
        ['plain', 'secret'],
        ['AbC-dEf_GhI.jK~l', 'x-y_z.w~v'],
        ["id!*'()", "s!*'()s"],
        ['id%20+', 'p%2B+q+%'],
        ['id', 'a:b:c::'],
        ['id', 's p a c e /=&?#'],
        ['id', 'pässwörd☎'],
      ].map(([id = '', secret = '']) => [name, call, id, secret] as const),
    ),
  )('%s carries id and secret literally: %s %s %s', async (_, call, clientId, secret) => {
    const server = await serve(response => response.end(ok));
    await endpoint[call]({ ...on(server.url), clientId, clientSecret: secret }, token);
    const [scheme, credentials = ''] = server.received[0]?.headers.authorization?.split(' ') ?? [];
    expect(scheme).toBe('Basic');
    expect(Buffer.from(credentials, 'base64').toString('utf8')).toBe(`${clientId}:${secret}`);
    expect(server.received[0]?.body).not.toContain('client_');
  });

  it.each(calls)('%s has a connection of its own: one kept over a freeze may be dead', async (_, call) => {
    const server = await serve(response => response.end(ok));
    await endpoint[call](on(server.url), token);
    expect(server.received).toMatchObject([{ headers: { connection: 'close' } }]);
    await expect.poll(() => server.open.size).toBe(0);
  });

  it.each(calls)('%s puts no token and no secret into the URL', async (_, call, path) => {
    const server = await serve(response => response.end(ok));
    await endpoint[call](on(server.url), 'SECRET-token');
    expect(server.received[0]?.url).toBe(path);
  });

  it.each(calls.flatMap(row => [301, 302, 303, 307, 308].map(status => [...row, status] as const)))(
    '%s follows no redirect (%s, %s, %i): its credentials go nowhere else',
    async (_, call, _path, status) => {
      const elsewhere = await serve(response => response.end(ok));
      const server = await serve(response => {
        response.writeHead(status, { location: `${elsewhere.url}/restapi/oauth/token` }).end(ok);
      });
      expect(await endpoint[call](on(server.url), token)).toStrictEqual({
        kind: 'unknown',
        code: `http-${status}`,
      });
      expect(server.received.length).toBe(1);
      expect(elsewhere.received).toEqual([]);
    },
  );

  it.each(calls)(
    '%s is sent once, whatever comes back: the keeper decides whether to ask again',
    async (_, call) => {
      const server = await serve(response => response.destroy());
      expect(await endpoint[call](on(server.url), token)).toStrictEqual({
        kind: 'unknown',
        code: 'no-answer',
      });
      expect(server.received.length).toBe(1);
    },
  );

  const padded = (bytes: number) => {
    const json = (padding: string) => JSON.stringify({ access_token: 'a', padding });
    return json('x'.repeat(bytes - json('').length));
  };

  it.each([
    [65_536, 'rotated'],
    [65_537, 'unknown'],
  ])('a body of %i bytes: %s', async (bytes, kind) => {
    const server = await serve(response => response.end(padded(bytes)));
    expect(await endpoint.refresh(on(server.url), token)).toMatchObject({ kind });
  });

  it('a body without end is left after the cap, long before the timeout', async () => {
    const chunk = Buffer.alloc(16_384, 'x');
    let sent = 0;
    const pour = (response: ServerResponse) => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      sent += chunk.length;
      if (!response.destroyed) response.once('drain', () => pour(response));
    };
    const server = await serve(pour);
    const patient = createTokenEndpoint(30_000, clock);
    expect(await patient.refresh(on(server.url), token)).toStrictEqual({
      kind: 'unknown',
      code: 'unreadable-answer',
    });
    await expect.poll(() => server.open.size).toBe(0);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('a small body that unpacks to a large one is a large one', async () => {
    const packed = gzipSync(padded(20_000_000));
    expect(packed.length).toBeLessThan(65_536);
    const server = await serve(response => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' }).end(packed);
    });
    expect(await endpoint.refresh(on(server.url), token)).toMatchObject({ kind: 'unknown' });
  });

  it.each(calls)('%s whose answer trickles in for ever is ended by the timeout', async (_, call) => {
    const server = await serve(response => {
      response.writeHead(400, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(timer));
    });
    expect(await endpoint[call](on(server.url), token)).toStrictEqual({ kind: 'unknown', code: 'http-400' });
    await expect.poll(() => server.open.size).toBe(0);
  });

  it('a refusal whose body is cut off proves nothing', async () => {
    const refusal = JSON.stringify({ error: 'invalid_grant', errors: [{ errorCode: 'OAU-213' }] });
    const server = await serve(response => {
      response.writeHead(400, { 'content-length': String(refusal.length + 10) });
      response.write(refusal, () => response.destroy());
    });
    expect(await endpoint.refresh(on(server.url), token)).toStrictEqual({
      kind: 'unknown',
      code: 'http-400',
    });
  });

  it('Retry-After as a date counts from the clock that was passed in', async () => {
    const server = await serve(response => {
      response.writeHead(429, { 'retry-after': new Date(startedAt + 90_000).toUTCString() }).end();
    });
    expect(await endpoint.refresh(on(server.url), token)).toStrictEqual({
      kind: 'limited',
      code: 'http-429',
      retryAfterMs: 90_000,
    });
  });

  it('a challenge beside the error is no obstacle to reading it', async () => {
    const server = await serve(response => {
      response
        .writeHead(401, { 'www-authenticate': 'Basic realm="x", error="invalid_client"' })
        .end(JSON.stringify({ error: 'invalid_client', errors: [{ errorCode: 'OAU-153' }] }));
    });
    expect(await endpoint.refresh(on(server.url), token)).toStrictEqual({
      kind: 'misconfigured',
      code: 'OAU-153',
    });
  });

  it('a byte order mark before the answer is no obstacle to reading it', async () => {
    const server = await serve(response => response.end(`\ufeff${ok}`));
    expect(await endpoint.refresh(on(server.url), token)).toMatchObject({ kind: 'rotated' });
  });

  it('plain HTTP goes only to a server that is configured with it', async () => {
    const server = await serve(response => response.end(ok));
    const answer = await endpoint.refresh(on(server.url.replace('http:', 'HTTP:')), token);
    expect(answer).toMatchObject({ kind: 'unknown' });
    expect(server.received).toEqual([]);
  });
});
