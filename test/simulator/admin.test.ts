import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { TokenResponse } from '../../sandbox/ringcentral/index.ts';
import { ada, confidential } from './harness.ts';
import { admin, extension, login, refresh, start, tokensIn } from './http.ts';

const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('/simulator', () => {
  it('lists its routes', async () => {
    const { body } = await admin<{ routes: string[] }>(await start(), 'GET', '/simulator');
    expect(body.routes).toContain('POST /simulator/users/:id/end-sessions');
  });

  it('authorizes, ends, disables and enables', async () => {
    const simulator = await start();
    const authorize = { ownerId: ada.ownerId, clientId: confidential.clientId, accessTokenTtlSeconds: 900 };
    const { body: tokens } = await admin<TokenResponse>(simulator, 'POST', '/simulator/authorize', authorize);
    expect(tokens).toMatchObject({ owner_id: ada.ownerId, expires_in: 900 });
    await admin(simulator, 'POST', `/simulator/users/${ada.ownerId}/disable`);
    expect((await extension(simulator, tokens.access_token)).status).toBe(401);
    await admin(simulator, 'POST', `/simulator/users/${ada.ownerId}/enable`);
    expect((await extension(simulator, tokens.access_token)).status).toBe(200);
    expect((await admin(simulator, 'POST', `/simulator/users/${ada.ownerId}/end-sessions`)).body).toEqual({
      ended: 1,
    });
    expect((await admin(simulator, 'POST', `/simulator/users/${ada.ownerId}/change-password`)).body).toEqual({
      ended: 0,
    });
    expect(await (await refresh(simulator, tokens.refresh_token)).text()).toContain('"OAU-211"');
  });

  it('shows sessions, the log and the counts', async () => {
    const simulator = await start();
    const { session_id } = await tokensIn(await login(simulator));
    expect((await admin(simulator, 'GET', '/simulator/sessions')).body).toMatchObject([
      { sessionId: session_id, alive: true },
    ]);
    expect((await admin(simulator, 'GET', '/simulator/log')).body).toMatchObject([
      { outcome: 'issued', sessionId: session_id },
    ]);
    const { body } = await admin(simulator, 'GET', '/simulator/stats');
    expect(body).toMatchObject({ counts: { issued: 1, needless: 0 }, sessions: { alive: 1, remembered: 1 } });
    await admin(simulator, 'POST', '/simulator/stats/reset');
    expect((await admin(simulator, 'GET', '/simulator/log')).body).toEqual([]);
  });

  it('forgives the next refresh of a session or user', async () => {
    const simulator = await start();
    const { session_id } = await tokensIn(await login(simulator));
    for (const path of [
      `/simulator/sessions/${session_id}/forgive`,
      `/simulator/users/${ada.ownerId}/forgive`,
    ]) {
      expect((await admin(simulator, 'POST', path)).body).toEqual({ forgiven: 1 });
    }
  });

  it("rotates an app's secret, to a given one if need be", async () => {
    const simulator = await start();
    const path = `/simulator/apps/${confidential.clientId}/rotate-secret`;
    expect((await admin(simulator, 'POST', path)).body).toEqual({
      clientSecret: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect((await admin(simulator, 'POST', path, { clientSecret: 'mine' })).body).toEqual({
      clientSecret: 'mine',
    });
    expect((await login(simulator)).status).toBe(401);
  });

  it('queues, lists and clears faults', async () => {
    const simulator = await start();
    const fault = { endpoint: 'token', kind: 'status', status: 500, times: 3 };
    expect((await admin(simulator, 'POST', '/simulator/faults', fault)).status).toBe(200);
    expect((await admin(simulator, 'GET', '/simulator/faults')).body).toEqual([fault]);
    expect((await login(simulator)).status).toBe(500);
    await admin(simulator, 'DELETE', '/simulator/faults');
    expect((await login(simulator)).status).toBe(200);
  });

  it.each([
    ['POST', '/simulator/users/nobody/disable', undefined, 404],
    ['POST', '/simulator/authorize', { ownerId: ada.ownerId, clientId: 'nothing' }, 404],
    ['POST', '/simulator/authorize', { ownerId: ada.ownerId }, 400],
    ['POST', '/simulator/faults', { kind: 'flood' }, 400],
    ['POST', '/simulator/faults', '{', 400],
    ['POST', '/simulator/faults', '[]', 400],
    ['POST', '/simulator/users/%ff/disable', undefined, 400],
    ['GET', '/simulator/nothing', undefined, 404],
  ])('%s %s %j: %3$d', async (method, path, body, status) => {
    const answer = await admin(await start(), method, path, body);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String) } });
  });
});

describe('the server', () => {
  it('takes an access token from the query as well', async () => {
    const simulator = await start();
    const { access_token } = await tokensIn(await login(simulator));
    const path = `${simulator.url}/restapi/v1.0/account/~/extension/~`;
    expect((await fetch(`${path}?access_token=${access_token}`)).status).toBe(200);
    expect((await fetch(path)).status).toBe(401);
  });

  it('answers 404 elsewhere, and 413 to a body of more than 64 KiB', async () => {
    const simulator = await start();
    expect((await fetch(`${simulator.url}/restapi/v1.0/other`)).status).toBe(404);
    expect((await refresh(simulator, 'x'.repeat(64 * 1024))).status).toBe(413);
    expect((await refresh(simulator, 'x'.repeat(60 * 1024))).status).toBe(400);
  });
});

describe('a data file', () => {
  it('keeps the sessions over a restart, and is private', async () => {
    const dataFile = join(folder, 'deep', 'simulator.json');
    const before = await start({ dataFile });
    const { refresh_token } = await tokensIn(await login(before));
    // No close: what has been answered is on disk already.
    const after = await start({ dataFile });
    expect((await refresh(after, refresh_token)).status).toBe(200);
    expect(statSync(dataFile).mode & 0o777).toBe(0o600);
  });

  it('is written on close with what was done without a request', async () => {
    const dataFile = join(folder, 'closed.json');
    const before = await start({ dataFile });
    const { refresh_token } = before.provider.authorize(ada.ownerId, confidential.clientId);
    await before.close();
    expect((await refresh(await start({ dataFile }), refresh_token)).status).toBe(200);
  });

  it('that cannot be read stops the start rather than orphaning every grant', async () => {
    const dataFile = join(folder, 'broken.json');
    writeFileSync(dataFile, '{"version":1');
    await expect(start({ dataFile })).rejects.toThrow();
  });
});
