/** The connect function as API Gateway calls it, with the real api function behind it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { owners } from '../system/sandbox.ts';
import { type Connect, connectUrl, startConnect } from './connect.ts';

let connect: Connect;
beforeAll(async () => {
  connect = await startConnect();
});
afterAll(() => connect.sandbox.close());

const visit: Connect['sandbox']['visit'] = (...request) => connect.sandbox.visit(...request);

describe('the page of a link', () => {
  it('has one button, which sends the link to its own path, and names the grant', async () => {
    const { path, link } = await connect.link({ label: 'Ada’s phone' });
    const { status, body } = await visit('GET', path, { query: { link } });
    expect(status).toBe(200);
    expect(body).toContain(`<form method="post" action="${path}">`);
    expect(body).toContain(`<input type="hidden" name="link" value="${link}">`);
    expect(body.match(/<form|<button|<a /g)).toEqual(['<form', '<button']);
    expect(body).toContain('Ada’s phone');
  });

  it('escapes what its maker wrote', async () => {
    const { path, link } = await connect.link({ label: '"><img src=x onerror=alert(1)>&amp;' });
    const { body } = await visit('GET', path, { query: { link } });
    expect(body).not.toContain('<img');
    expect(body).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;');
  });

  it('is read aloud in English, and fits a small screen', async () => {
    const { path, link } = await connect.link();
    const { body } = await visit('GET', path, { query: { link } });
    expect(body).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(body).toContain('<meta name="viewport"');
    expect(body.match(/<h1>/g)).toHaveLength(1);
    expect(body).toContain('<main>');
  });

  it('changes nothing, however often a scanner opens it', async () => {
    const { path, link } = await connect.link();
    const before = await connect.record(link);
    for (let i = 0; i < 3; i += 1) await visit('GET', path, { query: { link } });
    expect(await connect.record(link)).toEqual(before);
    expect((await connect.press({ path, link })).status).toBe(303);
  });

  it.each([
    ['no link', {}],
    ['a link of another form', { link: 'x' }],
    ['a link that there is not', { link: `${crypto.randomUUID()}.${'x'.repeat(43)}` }],
    ['a link that is very long', { link: 'x'.repeat(7000) }],
  ])('is a 404 that says what to do, with %s', async (_what, query) => {
    const { status, body } = await visit('GET', '/connect/acme:1', { query });
    expect(status).toBe(404);
    expect(body).toContain('Ask whoever sent it to you for a new one.');
  });

  it('takes no parameter that comes twice', async () => {
    const { path, link } = await connect.link();
    const once = await connect.send('GET', path, { rawQueryString: `link=${link}` });
    const twice = await connect.send('GET', path, { rawQueryString: `link=${link}&link=${link}` });
    expect([once.statusCode, twice.statusCode]).toEqual([200, 404]);
  });
});

describe('every page', () => {
  it('may load nothing, run nothing, be framed by nobody, be kept by nobody, and tells nobody its address', async () => {
    const { path, link } = await connect.link();
    const pages = [
      await visit('GET', path, { query: { link } }),
      await visit('GET', path),
      await visit('GET', '/oauth/connected'),
      await visit('GET', '/oauth/callback'),
      await visit('POST', path, { form: { link } }),
    ];
    expect(pages.map(({ status }) => status)).toEqual([200, 404, 200, 400, 403]);
    for (const { headers, body } of pages) {
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-robots-tag': 'noindex, nofollow',
        'referrer-policy': 'same-origin',
      });
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy.find(part => part.startsWith('style-src'))).toMatch(/^style-src 'sha256-[\w+/=]{44}'$/);
      expect(policy.find(part => part.startsWith('script-src'))).toBeUndefined();
      expect(body).not.toMatch(/<script|\son\w+=|(?:src|href)=|url\(|@import/i);
    }
  });

  it('allows its form to lead to itself, to https, and to what the link names', async () => {
    const { path, link } = await connect.link({ returnTo: 'http://localhost:3000/back' });
    const { headers } = await visit('GET', path, { query: { link } });
    const { url } = connect.sandbox.simulator;
    expect(headers['content-security-policy']).toContain(
      `form-action 'self' https: ${url} http://localhost:3000;`,
    );
  });
});

describe('the button', () => {
  it('sends the browser to RingCentral, and gives it a cookie that no script and no other site can use', async () => {
    const pressed = await connect.press(await connect.link());
    expect(pressed.status).toBe(303);
    expect(String(pressed.headers.location)).toMatch(
      `${connect.sandbox.simulator.url}/restapi/oauth/authorize?`,
    );
    expect(pressed.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect(pressed.setCookies).toEqual([
      expect.stringMatching(
        /^__Host-ringbearer=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure$/,
      ),
    ]);
    expect(pressed.body).toBe('');
  });

  it.each<[string, Record<string, string>]>([
    ['of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['of a neighbour', { 'sec-fetch-site': 'same-site', origin: 'https://other.example' }],
    ['of nobody', { 'sec-fetch-site': 'none' }],
    ['of another site, in an old browser', { origin: 'https://evil.example' }],
    ['of a page without an origin', { origin: 'null' }],
    ['of a script that says nothing', {}],
    ['of a site that lies about its origin', { 'sec-fetch-site': 'cross-site', origin: connectUrl }],
  ])('%s is not pressed', async (_what, headers) => {
    const { path, link } = await connect.link();
    const before = await connect.record(link);
    const answer = await visit('POST', path, { form: { link }, headers });
    expect(answer.status).toBe(403);
    expect(answer.setCookies).toEqual([]);
    expect(await connect.record(link)).toEqual(before);
  });

  it('works in a browser that says its origin only', async () => {
    const { path, link } = await connect.link();
    expect((await visit('POST', path, { form: { link }, headers: { origin: connectUrl } })).status).toBe(303);
  });

  it.each<[string, string]>([
    ['no form', ''],
    ['a form that is no form', '%%%=&&&'],
    ['a form without the link', 'other=1'],
    ['a form without end', `link=${'x'.repeat(100_000)}`],
  ])('with %s is a 404', async (_what, body) => {
    expect(await connect.send('POST', '/connect/acme:1', { body })).toMatchObject({ statusCode: 404 });
  });
});

describe('an account', () => {
  it('is connected, with a token that is served and works', async () => {
    const [ownerId] = owners;
    const { grantId, path, link } = await connect.link({ label: 'Ada' });
    const pressed = await connect.press({ path, link });
    const back = await connect.comeBack(pressed, ownerId);
    expect(back).toMatchObject({ status: 303, headers: { location: `${connectUrl}/oauth/connected` } });
    const served = await connect.sandbox.http('GET', `/grants/${grantId}/token`);
    const use = await fetch(`${served.body.server}/restapi/v1.0/account/~/extension/~`, {
      headers: { authorization: `Bearer ${served.body.accessToken}` },
    });
    expect(use.status).toBe(200);
    expect((await visit('GET', '/oauth/connected')).body).toContain('is connected');
  });

  it('is connected as a public client, and without PKCE', async () => {
    for (const app of ['public', 'plain']) {
      const { grantId, path, link } = await connect.link({ app });
      const pressed = await connect.press({ path, link });
      const asked = new URL(String(pressed.headers.location)).searchParams;
      expect(asked.has('code_challenge')).toBe(app === 'public');
      expect((await connect.comeBack(pressed, owners[1])).status).toBe(303);
      expect((await connect.sandbox.http('GET', `/grants/${grantId}`)).body).toMatchObject({
        app,
        state: 'active',
      });
    }
  });

  it('is renewed at the same installation, and the session before it ended', async () => {
    const ownerId = owners[2];
    const { body: before } = await connect.sandbox.connect('acme:renewed', ownerId, { app: 'main' });
    const { path, link } = await connect.link({ app: undefined }, 'acme:renewed');
    expect((await connect.comeBack(await connect.press({ path, link }), ownerId)).status).toBe(303);
    const { body: after } = await connect.sandbox.http('GET', '/grants/acme:renewed');
    expect(after).toMatchObject({ generation: 2, endpointId: before.endpointId });
    expect(after.connectionId).not.toBe(before.connectionId);
    await connect.sandbox.sweep();
    const alive = connect.sandbox.simulator.provider.sessions().filter(s => s.ownerId === ownerId && s.alive);
    expect(alive).toHaveLength(1);
  });

  it('that another grant has is refused, and nothing of it is left', async () => {
    const ownerId = owners[3];
    await connect.sandbox.connect('acme:taken', ownerId, { app: 'main' });
    const { grantId, path, link } = await connect.link();
    const back = await connect.comeBack(await connect.press({ path, link }), ownerId);
    expect(back.status).toBe(409);
    expect(back.body).toContain('is connected already');
    const { status } = await connect.sandbox.http('GET', `/grants/${grantId}/token`);
    expect(status).not.toBe(200);
  });

  it('is not connected in a penalty, and the page says how long that lasts', async () => {
    const { path, link } = await connect.link();
    connect.sandbox.simulator.faults.add({ kind: 'rate-limit', endpoint: 'token', retryAfterSeconds: 30 });
    const back = await connect.comeBack(await connect.press({ path, link }), owners[4]);
    expect(back).toMatchObject({
      status: 503,
      headers: { 'retry-after': expect.stringMatching(/^3[0-2]$/) },
    });
    expect(back.body).toContain(`${back.headers['retry-after']} seconds`);
  });
});

describe('what RingCentral brings back', () => {
  it.each([
    ['an error with markup in it', 'a<script>alert(1)</script>', 'an error of no known form'],
    ['an error without end', 'x'.repeat(3000), 'an error of no known form'],
    ['an error of its own', 'temporarily_unavailable', 'RingCentral says: temporarily_unavailable'],
  ])('is shown within bounds: %s', async (_what, error, shown) => {
    const { cookies, headers } = await connect.press(await connect.link());
    const state = new URL(String(headers.location)).searchParams.get('state') ?? '';
    const { status, body } = await visit('GET', '/oauth/callback', { query: { state, error }, cookies });
    expect(status).toBe(502);
    expect(body).toContain(shown);
    expect(body).not.toContain('<script');
    expect(body.length).toBeLessThan(3000);
  });

  it.each(['code', 'state', 'error'])('is not taken when it says %s twice', async name => {
    const { cookies, headers } = await connect.press(await connect.link());
    const state = new URL(String(headers.location)).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ state, ...(name === 'error' ? { error: 'x' } : { code: 'x' }) });
    query.append(name, query.get(name) ?? '');
    const change = { cookies, rawQueryString: query.toString() };
    expect(await connect.send('GET', '/oauth/callback', change)).toMatchObject({ statusCode: 400 });
  });

  it('is not taken where it is longer than any code', async () => {
    const { cookies, headers } = await connect.press(await connect.link());
    const state = new URL(String(headers.location)).searchParams.get('state') ?? '';
    const query = { state, code: 'x'.repeat(5000) };
    expect((await visit('GET', '/oauth/callback', { query, cookies })).status).toBe(400);
  });

  it('is taken among cookies of others, also one of the same name that is none of ours', async () => {
    const pressed = await connect.press(await connect.link());
    const cookies = ['theme=dark', '__Host-ringbearer=x', ...pressed.cookies];
    expect((await connect.comeBack({ ...pressed, cookies }, owners[5])).status).toBe(303);
  });
});

describe('when something fails inside', () => {
  it('a page says so, and a route that there is not is not valid', async () => {
    const { path, link } = await connect.link();
    await connect.spoil(link);
    const { status, body } = await visit('GET', path, { query: { link } });
    expect(status).toBe(500);
    expect(body).toContain('Something went wrong');
    expect(await connect.send('GET', '/oauth/connected', { routeKey: '$default' })).toMatchObject({
      statusCode: 404,
    });
  });
});
