/** Connecting an account at the local run, over HTTP and as a browser would: pages, cookies, redirects. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, joan } from '../../sandbox/demonstration.ts';
import { type LocalRun, type Observer, startLocalRun } from '../../sandbox/local-run.ts';
import { compressed } from '../../sandbox/pace.ts';
import { consent } from '../simulator/consent.ts';

const lines: string[] = [];
/** What links, states, codes and cookies were made of. */
const carried: string[] = [];
const observer: Observer = {
  onLine: (name, line) => lines.push(`${name} ${line}`),
  onDeath: () => {},
  onServed: () => {},
  onEvent: () => {},
  onProvider: () => {},
};

let run: LocalRun;
beforeAll(async () => {
  run = await startLocalRun({ port: 0, pace: compressed }, observer);
}, 30_000);
afterAll(() => run.close());

const request = (target: string, init: RequestInit = {}): Promise<Response> =>
  fetch(new URL(target, run.url), { redirect: 'manual', ...init });

const makeLink = async (body: object = {}): Promise<URL> => {
  const answer = await request(`/grants/${joan.grantId}/connect-links`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  return new URL(((await answer.json()) as { url: string }).url);
};

/** Presses the button: where RingCentral is asked, and what the browser was given to keep. */
const begin = async (link: URL) => {
  const answer = await request(link.pathname, {
    method: 'POST',
    headers: { origin: run.url },
    body: new URLSearchParams({ link: link.searchParams.get('link') ?? '' }),
  });
  expect(answer.status).toBe(303);
  const cookie = answer.headers
    .getSetCookie()
    .map(line => line.split(';')[0])
    .join('; ');
  const asked = new URL(answer.headers.get('location') ?? '');
  const handles = [link.searchParams.get('link'), asked.searchParams.get('state')];
  carried.push(cookie.split('=')[1] ?? '', ...handles.map(handle => handle?.split('.')[1] ?? ''));
  return { asked, cookie };
};

/** Joan allows it, and her browser brings the code back. */
const comeBack = ({ asked, cookie }: Awaited<ReturnType<typeof begin>>): Promise<Response> => {
  const code = consent(run.simulator.provider, {
    ownerId: joan.ownerId,
    clientId: app.clientId,
    redirectUri: asked.searchParams.get('redirect_uri') ?? '',
    codeChallenge: asked.searchParams.get('code_challenge') ?? '',
  });
  carried.push(code);
  const query = new URLSearchParams({ code, state: asked.searchParams.get('state') ?? '' });
  return request(`/oauth/callback?${query}`, { headers: { cookie } });
};

describe('the connect function of the local run', () => {
  it('takes somebody from a link to a connected account', async () => {
    const link = await makeLink();
    expect(link.origin).toBe(run.url);
    expect(await (await request(link.href)).text()).toContain('<button>');
    const begun = await begin(link);
    expect(begun.asked.origin).toBe(run.simulator.url);
    expect(begun.asked.searchParams.get('redirect_uri')).toBe(`${run.url}/oauth/callback`);
    const back = await comeBack(begun);
    expect([back.status, back.headers.get('location')]).toEqual([303, `${run.url}/oauth/connected`]);
    expect((await request('/oauth/connected')).status).toBe(200);
    const token = await request(`/grants/${joan.grantId}/token`);
    expect(await token.json()).toMatchObject({ generation: 1 });
  });

  it('sends the browser to where the link says, within the run itself', async () => {
    const returnTo = `${run.url}/grants?limit=1`;
    const back = await comeBack(await begin(await makeLink({ returnTo })));
    expect(back.headers.get('location')).toBe(returnTo);
    const elsewhere = await request(`/grants/${joan.grantId}/connect-links`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ returnTo: 'http://127.0.0.1:1/' }),
    });
    expect(elsewhere.status).toBe(400);
  });

  it('shows the consent page of the simulated RingCentral: its redirect URI is registered', async () => {
    const { asked } = await begin(await makeLink());
    const page = await fetch(asked);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Joan');
  });

  it('has no other routes than the deployed one', async () => {
    const unknown = await request('/oauth/token', { method: 'POST' });
    expect([unknown.status, await unknown.json()]).toEqual([404, { message: 'Not Found' }]);
    expect((await request(`/connect/${joan.grantId}`, { method: 'DELETE' })).status).toBe(404);
  });

  it('runs in processes of its own, and is told of no secret', async () => {
    expect(run.connect.processes().length).toBeGreaterThan(0);
    const answer = await request('/2015-03-31/functions/ringbearer-connect/configuration');
    const { Environment } = (await answer.json()) as { Environment: { Variables: Record<string, string> } };
    expect(
      Object.keys(Environment.Variables)
        .filter(name => name.startsWith('RINGBEARER_'))
        .sort(),
    ).toEqual([
      'RINGBEARER_CONNECT_FUNCTION',
      'RINGBEARER_CONNECT_URL',
      'RINGBEARER_RETURN_TO',
      'RINGBEARER_TABLE',
    ]);
  });

  it('writes no link, state, code or cookie to its logs', () => {
    expect(lines.filter(line => line.includes('account-connected')).length).toBeGreaterThan(0);
    expect(carried.length).toBeGreaterThan(0);
    for (const secret of carried) expect(lines.filter(line => line.includes(secret))).toEqual([]);
  });
});

describe('the alias connect of the local api function', () => {
  const invoke = async (alias: string) => {
    const answer = await request(`/2015-03-31/functions/ringbearer-api:${alias}/invocations`, {
      method: 'POST',
      body: JSON.stringify({ action: 'connectGrant', grantId: joan.grantId, body: {} }),
    });
    return ((await answer.json()) as { error: { code: string } }).error.code;
  };

  it('is the only one that takes codes', async () => {
    expect(await invoke('connect')).toBe('invalid-request');
    for (const alias of ['get', 'revoke', 'admin']) expect(await invoke(alias)).toBe('forbidden');
  });
});
