import { describe, expect, it, vi } from 'vitest';
import type { Fault, Simulator } from '../../sandbox/ringcentral/index.ts';
import { ada, bob, confidential, MINUTE, SECOND } from './harness.ts';
import { extension, login, post, refresh, start } from './http.ts';

const setUp = async (over: Parameters<typeof start>[0] = {}) => {
  const simulator = await start(over);
  return { simulator, first: simulator.provider.authorize(ada.ownerId, confidential.clientId) };
};

const counts = ({ provider }: Simulator) => provider.stats().counts;

const refreshes = ({ provider }: Simulator) => provider.sessions()[0]?.refreshes;

const eventually = (check: () => void) => vi.waitFor(check, { interval: 1 });

/** Resolves when the server has learnt what became of its latest answer. */
const settled = ({ provider }: Simulator) =>
  eventually(() => expect(provider.log().at(-1)?.delivery).not.toBe('pending'));

describe('a fault on the way to the token endpoint', () => {
  it.each<[Fault['kind'], Fault]>([
    ['drop-before', { endpoint: 'token', kind: 'drop-before' }],
    ['status', { endpoint: 'token', kind: 'status', status: 503 }],
    ['html', { endpoint: 'token', kind: 'html' }],
  ])('%s: nothing has happened, the same token works', async (kind, fault) => {
    const { simulator, first } = await setUp();
    simulator.faults.add(fault);
    await refresh(simulator, first.refresh_token).catch(() => undefined);
    expect(refreshes(simulator)).toBe(0);
    expect(simulator.provider.log().at(-1)).toMatchObject({
      outcome: 'unprocessed',
      fault: kind,
      delivery: 'lost',
    });
    expect((await refresh(simulator, first.refresh_token)).status).toBe(200);
    await settled(simulator);
    expect(counts(simulator)).toMatchObject({ refreshed: 1, replayed: 0, needless: 0 });
  });

  it.each<[string, Fault]>([
    ['drop-after', { endpoint: 'token', kind: 'drop-after' }],
    ['truncate', { endpoint: 'token', kind: 'truncate' }],
    ['garbage', { endpoint: 'token', kind: 'garbage' }],
    ['oversize', { endpoint: 'token', kind: 'oversize' }],
    ['status, processed', { endpoint: 'token', kind: 'status', status: 500, processed: true }],
    ['html, processed', { endpoint: 'token', kind: 'html', status: 200, processed: true }],
  ])('%s: the tokens are rotated, the answer is lost, and a replay is legitimate', async (_, fault) => {
    const { simulator, first } = await setUp();
    simulator.faults.add(fault);
    const answer = await refresh(simulator, first.refresh_token)
      .then(response => response.text())
      .catch(() => '');
    expect(answer).not.toContain('endpoint_id');
    expect(refreshes(simulator)).toBe(1);
    expect((await refresh(simulator, first.refresh_token)).status).toBe(200);
    await settled(simulator);
    expect(counts(simulator)).toMatchObject({ refreshed: 1, replayed: 1, replaysAfterLoss: 1, needless: 0 });
  });

  it('drops break the connection, and a truncated body is seen as cut', async () => {
    const { simulator, first } = await setUp();
    for (const kind of ['drop-before', 'drop-after', 'truncate'] as const) {
      simulator.faults.add({ endpoint: 'token', kind });
      await expect(
        refresh(simulator, first.refresh_token).then(response => response.json()),
      ).rejects.toThrow();
    }
    simulator.faults.add({ endpoint: 'token', kind: 'truncate' });
    const response = await refresh(simulator, first.refresh_token);
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('status and html answer what they say', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'status', status: 503, retryAfterSeconds: 7 });
    simulator.faults.add({ endpoint: 'token', kind: 'html' });
    simulator.faults.add({ endpoint: 'token', kind: 'garbage', processed: false });
    const unavailable = await refresh(simulator, first.refresh_token);
    expect([unavailable.status, unavailable.headers.get('retry-after')]).toEqual([503, '7']);
    const page = await refresh(simulator, first.refresh_token);
    expect([page.status, await page.text()]).toEqual([502, expect.stringContaining('<h1>')]);
    const garbage = await refresh(simulator, first.refresh_token);
    expect([garbage.status, garbage.headers.get('content-type')]).toEqual([200, 'application/json']);
    await expect(garbage.json()).rejects.toThrow();
    expect(refreshes(simulator)).toBe(0);
  });

  it('oversize sends as many bytes as it is told', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'oversize', bytes: 100_000 });
    expect((await (await refresh(simulator, first.refresh_token)).text()).length).toBe(100_000);
  });

  it('rate-limit starts a penalty, with the limit off as well', async () => {
    let nowMs = 1_800_000_000_000;
    const { simulator, first } = await setUp({ clock: () => nowMs });
    simulator.faults.add({ endpoint: 'token', kind: 'rate-limit', retryAfterSeconds: 30 });
    const limited = await refresh(simulator, first.refresh_token);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '30']);
    await settled(simulator);
    nowMs += 29 * SECOND;
    expect((await refresh(simulator, first.refresh_token)).status).toBe(429);
    nowMs += 30 * SECOND;
    expect((await refresh(simulator, first.refresh_token)).status).toBe(200);
    expect(counts(simulator)).toMatchObject({ limited: 2, inPenalty: 1, needless: 1 });
  });
});

describe('a delay', () => {
  it('before processing: a client that gives up meanwhile has lost the answer', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'delay', delayMs: 200 });
    const impatient = refresh(simulator, first.refresh_token, { signal: AbortSignal.timeout(20) });
    await expect(impatient).rejects.toThrow();
    await settled(simulator);
    expect(refreshes(simulator)).toBe(0);
    await eventually(() => expect(refreshes(simulator)).toBe(1));
    expect((await refresh(simulator, first.refresh_token)).status).toBe(200);
    await settled(simulator);
    expect(counts(simulator)).toMatchObject({ replaysAfterLoss: 1, needless: 0 });
  });

  it('after processing: the tokens are rotated while the client still waits', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'delay', delayMs: 200, processed: true });
    const waiting = refresh(simulator, first.refresh_token);
    await eventually(() => expect(refreshes(simulator)).toBe(1));
    expect(simulator.provider.log().at(-1)?.delivery).toBe('pending');
    expect((await waiting).status).toBe(200);
    await settled(simulator);
    expect(simulator.provider.log().at(-1)?.delivery).toBe('delivered');
  });

  it('lets a second refresh of the session be seen as concurrent', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'delay', delayMs: 200 });
    const slow = refresh(simulator, first.refresh_token);
    await eventually(() => expect(simulator.provider.log().length).toBe(1));
    await refresh(simulator, first.refresh_token);
    await slow;
    expect(counts(simulator)).toMatchObject({ concurrentRefreshes: 1, needless: 1 });
  });

  it('does not keep the simulator from closing', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'token', kind: 'delay', delayMs: 60_000 });
    const waiting = refresh(simulator, first.refresh_token).catch(() => 'cut');
    await eventually(() => expect(simulator.provider.log().length).toBe(1));
    await simulator.close();
    expect(await waiting).toBe('cut');
  });
});

describe('the queue', () => {
  it('hits as many requests as it is told, of the endpoint and user it is told', async () => {
    const { simulator, first } = await setUp();
    const bobs = simulator.provider.authorize(bob.ownerId, confidential.clientId);
    simulator.faults.add({ endpoint: 'token', ownerId: ada.ownerId, kind: 'status', status: 500, times: 2 });
    expect((await refresh(simulator, bobs.refresh_token)).status).toBe(200);
    expect((await extension(simulator, first.access_token)).status).toBe(200);
    expect((await refresh(simulator, first.refresh_token)).status).toBe(500);
    expect(simulator.faults.list()).toMatchObject([{ times: 1 }]);
    expect((await login(simulator)).status).toBe(500);
    expect(simulator.faults.list()).toEqual([]);
    expect((await refresh(simulator, first.refresh_token)).status).toBe(200);
  });

  it('reaches the other endpoints too', async () => {
    const { simulator, first } = await setUp();
    simulator.faults.add({ endpoint: 'revoke', kind: 'drop-after' });
    simulator.faults.add({ endpoint: 'resource', kind: 'status', status: 503 });
    simulator.faults.add({ endpoint: 'authorize', kind: 'html', status: 504 });
    expect((await extension(simulator, first.access_token)).status).toBe(503);
    expect((await fetch(`${simulator.url}/restapi/oauth/authorize`)).status).toBe(504);
    await expect(post(simulator, '/restapi/oauth/revoke', { token: first.access_token })).rejects.toThrow();
    expect((await extension(simulator, first.access_token)).status).toBe(401);
  });

  it('tells the listener', async () => {
    const events: unknown[] = [];
    const { simulator, first } = await setUp({ onEvent: event => events.push(event), clock: () => MINUTE });
    simulator.faults.add({ endpoint: 'token', kind: 'html' });
    await refresh(simulator, first.refresh_token);
    expect(events).toContainEqual({
      type: 'faulted',
      at: MINUTE,
      endpoint: 'token',
      fault: 'html',
      ownerId: ada.ownerId,
    });
  });

  it.each([
    [{ endpoint: 'nowhere', kind: 'html' }, 'endpoint must be one of'],
    [{ endpoint: 'token', kind: 'flood' }, 'kind must be one of'],
    [{ endpoint: 'token', kind: 'delay' }, 'delayMs is missing'],
    [{ endpoint: 'token', kind: 'status', status: 99 }, 'status must be a whole number'],
    [{ endpoint: 'token', kind: 'html', times: 0 }, 'times must be a whole number'],
    [{ endpoint: 'resource', kind: 'rate-limit' }, 'token and revoke endpoints only'],
  ])('refuses %j', async (fault, message) => {
    const { simulator } = await setUp();
    expect(() => simulator.faults.add(fault as Fault)).toThrow(message);
  });
});
