/** Grants of a JWT credential over the real handlers and the simulated RingCentral, which counts the sessions. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { maxUnansweredSessions } from '../../functions/domain/mint.ts';
import { owners, type Sandbox, startSandbox } from './sandbox.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const nameOf = (ownerId: string) => `jwt-${ownerId}`;

let sandbox: Sandbox;
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
  process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
  // Before the handlers are loaded: the clock is theirs and RingCentral's.
  vi.useFakeTimers({ toFake: ['Date'] });
  const jwtCredentials = Object.fromEntries(owners.map(ownerId => [nameOf(ownerId), ownerId]));
  sandbox = await startSandbox(
    { verdictDelayMs: 0, appHoldCacheMs: 0 },
    { jwtCredentials, clock: () => Date.now() },
  );
});
afterAll(async () => {
  await sandbox.close();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
const put = (id: string, ownerId: string) =>
  sandbox.http('PUT', `/grants/${id}`, { body: { credential: nameOf(ownerId) } });
const get = (id: string) => sandbox.http('GET', `/grants/${id}`);
const sessionsOf = (ownerId: string) =>
  sandbox.simulator.provider.sessions().filter(session => session.ownerId === ownerId);
const alive = (ownerId: string) => sessionsOf(ownerId).filter(session => session.alive).length;

/** The schedule's sweeps; returns the most sessions of this user that were alive at once. */
const live = async (ms: number, ownerId: string, stepMs = 5 * minute): Promise<number> => {
  let most = 0;
  for (let passed = 0; passed < ms; passed += stepMs) {
    pass(stepMs);
    await sandbox.sweep();
    most = Math.max(most, alive(ownerId));
  }
  return most;
};

describe('a grant of a JWT credential', () => {
  const [ada, grace, alan, barbara, edsger] = owners;

  it('lives for weeks in one session, without a person', async () => {
    expect((await put('jwt:ada', ada)).status).toBe(201);
    for (let week = 0; week < 5; week += 1) expect(await live(6 * day, ada, day)).toBe(1);
    expect(sessionsOf(ada)).toHaveLength(1);
    expect((await get('jwt:ada')).body).toMatchObject({ kind: 'jwt', state: 'active' });
  });

  it('is minted again after its owner ended all sessions, and after nothing ran for a month', async () => {
    await put('jwt:grace', grace);
    sandbox.simulator.provider.endSessions(grace);
    await live(6 * day, grace, day);
    expect((await get('jwt:grace')).body.state).toBe('active');
    expect(sessionsOf(grace)).toHaveLength(2);
    pass(30 * day);
    expect((await sandbox.http('GET', '/grants/jwt:grace/token')).status).toBe(200);
    expect(sessionsOf(grace)).toHaveLength(3);
    expect(alive(grace)).toBe(1);
    expect(sandbox.aws.events).toEqual([]);
  });

  it('leaves three sessions at most, however many answers are lost; then it goes on with one', async () => {
    await put('jwt:alan', alan);
    sandbox.simulator.provider.endSessions(alan);
    pass(6 * day);
    await sandbox.sweep();
    sandbox.simulator.faults.add({ endpoint: 'token', kind: 'drop-after', ownerId: alan, times: 20 });
    const most = await live(6 * 60 * minute, alan, minute);
    expect(sessionsOf(alan).length).toBeGreaterThan(5);
    expect(most).toBeLessThanOrEqual(maxUnansweredSessions);
    sandbox.simulator.faults.clear();
    await live(60 * minute, alan);
    expect((await get('jwt:alan')).body).toMatchObject({ state: 'active', refreshing: false });
    expect(alive(alan)).toBe(1);
  });

  it('that is put again and again while its answers are lost leaves no more', async () => {
    sandbox.simulator.faults.add({ endpoint: 'token', kind: 'drop-after', ownerId: barbara, times: 100 });
    let most = 0;
    for (let tries = 0; tries < 60; tries += 1) {
      const { status } = await put('jwt:barbara', barbara);
      expect(status).toBe(503);
      most = Math.max(most, alive(barbara));
      pass(20_000);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(maxUnansweredSessions);
    sandbox.simulator.faults.clear();
    pass(15 * minute);
    expect((await put('jwt:barbara', barbara)).status).toBe(201);
    expect(alive(barbara)).toBe(1);
  });

  it('needs a person when the owner may not log in any more, and says that it is the credential', async () => {
    await put('jwt:edsger', edsger);
    sandbox.simulator.provider.disableUser(edsger);
    await live(6 * day, edsger, day);
    await live(10 * minute, edsger);
    const { body } = await get('jwt:edsger');
    expect(body).toMatchObject({ state: 'reauthorize', lastError: { code: 'credential-refused' } });
    sandbox.simulator.provider.enableUser(edsger);
    expect((await sandbox.http('POST', '/grants/jwt:edsger/reinstate')).status).toBe(202);
    expect((await sandbox.http('GET', '/grants/jwt:edsger/token')).status).toBe(200);
  });

  it('made no needless request of RingCentral in all this', () => {
    expect(sandbox.simulator.provider.stats().counts.needless).toBe(0);
  });
});
