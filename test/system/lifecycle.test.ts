import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { owners, type Sandbox, startSandbox } from './sandbox.ts';

describe('the life of a grant, through the real handlers', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ verdictDelayMs: 0, minTokenAgeMs: 0 });
  });
  afterAll(() => sandbox.close());

  it('imports, serves, refreshes on report and revokes', async () => {
    const { http, connect, simulator } = sandbox;
    const created = await connect('acme:101', owners[0]);
    expect(created.status).toBe(201);
    const served = await http('GET', '/grants/acme:101/token');
    expect(served).toMatchObject({ status: 200, body: { generation: 1, tokenType: 'bearer' } });
    const again = await http('POST', '/grants/acme:101/refresh', { body: { rejectedGeneration: 1 } });
    expect(again).toMatchObject({ status: 200, body: { generation: 2 } });
    expect(again.body.accessToken).not.toBe(served.body.accessToken);
    const revoked = await http('DELETE', '/grants/acme:101');
    expect(revoked).toMatchObject({ status: 200, body: { state: 'revoked' } });
    expect(simulator.provider.sessions().every(session => !session.alive)).toBe(true);
    expect(await http('GET', '/grants/acme:101/token')).toMatchObject({
      status: 410,
      body: { code: 'grant-revoked' },
    });
  });

  it('sends events', async () => {
    expect(sandbox.aws.events.map(event => event.type)).toEqual(['Grant Revoked']);
    expect(await sandbox.sweep()).toMatchObject({ due: 0 });
  });
});
