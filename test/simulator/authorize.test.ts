import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../sandbox/ringcentral/index.ts';
import { ada, bob, confidential, publicApp, redirectUri } from './harness.ts';
import { post, start, tokensIn } from './http.ts';

const asked = {
  client_id: confidential.clientId,
  redirect_uri: redirectUri,
  response_type: 'code',
  state: 'a&b="<',
};

const open = ({ url }: Simulator, params: Record<string, string>): Promise<Response> =>
  fetch(`${url}/restapi/oauth/authorize?${new URLSearchParams(params)}`, { redirect: 'manual' });

/** What a browser would send: the form's hidden fields as they stand in the page, and what the user chose. */
const submit = async (
  simulator: Simulator,
  page: Response,
  choice: Record<string, string>,
): Promise<Response> => {
  const html = await page.text();
  const entities: Record<string, string> = {
    '&amp;': '&',
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
  };
  const decode = (text: string) => text.replace(/&(amp|lt|gt|quot|#39);/g, entity => entities[entity] ?? '');
  const hidden = [...html.matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(
    ([, name, value]) => [name ?? '', decode(value ?? '')],
  );
  return post(simulator, '/restapi/oauth/authorize', { ...Object.fromEntries(hidden), ...choice });
};

const location = (response: Response): URL => new URL(response.headers.get('location') ?? '');

describe('the consent page', () => {
  it('lists the users and asks Allow or Deny, with everything escaped', async () => {
    const simulator = await start();
    const page = await open(simulator, asked);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    expect(html).toContain('Ada &lt;Lovelace&gt;');
    expect(html).toContain(bob.ownerId);
    expect(html).toContain('value="a&amp;b=&quot;&lt;"');
    expect(html).toMatch(/value="allow">Allow<.*\n.*value="deny">Deny</);
  });

  it('leads from Allow to a session of the chosen user', async () => {
    const simulator = await start();
    const answer = await submit(simulator, await open(simulator, asked), {
      owner_id: bob.ownerId,
      decision: 'allow',
    });
    expect(answer.status).toBe(302);
    const to = location(answer);
    expect(to.href).toMatch(/^https:\/\/app\.example\/callback\?tenant=7&code=/);
    expect(to.searchParams.get('state')).toBe('a&b="<');
    const code = to.searchParams.get('code') ?? '';
    const params = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    const tokens = await tokensIn(await post(simulator, '/restapi/oauth/token', params));
    expect(tokens.owner_id).toBe(bob.ownerId);
  });

  it('leads a public app with PKCE to its session', async () => {
    const simulator = await start();
    const verifier = 'w'.repeat(64);
    const [redirect_uri = ''] = publicApp.redirectUris;
    const page = await open(simulator, {
      client_id: publicApp.clientId,
      redirect_uri,
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const answer = await submit(simulator, page, { owner_id: ada.ownerId, decision: 'allow' });
    expect(location(answer).searchParams.has('state')).toBe(false);
    const params = {
      grant_type: 'authorization_code',
      code: location(answer).searchParams.get('code') ?? '',
      redirect_uri,
      client_id: publicApp.clientId,
    };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const bad = await post(simulator, '/restapi/oauth/token', { ...params, code_verifier: 'x' }, { headers });
    expect(bad.status).toBe(400);
    const good = await post(
      simulator,
      '/restapi/oauth/token',
      { ...params, code_verifier: verifier },
      { headers },
    );
    expect(good.status).toBe(200);
  });

  it('leads from Deny back to the app with access_denied', async () => {
    const simulator = await start();
    const answer = await submit(simulator, await open(simulator, asked), {
      owner_id: ada.ownerId,
      decision: 'deny',
    });
    expect(Object.fromEntries(location(answer).searchParams)).toMatchObject({
      error: 'access_denied',
      state: asked.state,
    });
  });

  it('lets nobody in whose login is disabled', async () => {
    const simulator = await start();
    simulator.provider.disableUser(ada.ownerId);
    const answer = await submit(simulator, await open(simulator, asked), {
      owner_id: ada.ownerId,
      decision: 'allow',
    });
    expect(answer.status).toBe(403);
  });
});

describe('an authorisation request', () => {
  it.each([
    ['an unknown app', { client_id: '<script>' }],
    ['another redirect URI', { redirect_uri: `${redirectUri}x` }],
    ['a redirect URI of another app', { redirect_uri: publicApp.redirectUris[0] ?? '' }],
  ])('with %s gets a page of status 400 and never a redirect', async (_, change) => {
    const simulator = await start();
    const params = { ...asked, ...change };
    for (const page of [
      await open(simulator, params),
      await post(simulator, '/restapi/oauth/authorize', {
        ...params,
        owner_id: ada.ownerId,
        decision: 'allow',
      }),
    ]) {
      expect(page.status).toBe(400);
      expect(page.headers.has('location')).toBe(false);
      expect(await page.text()).not.toContain('<script>');
    }
  });

  it.each([
    ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
    ['a challenge that is too short', { code_challenge: 'short' }, 'invalid_request'],
    ['a method without a challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
    [
      'an unknown method',
      { code_challenge: 'c'.repeat(43), code_challenge_method: 'S512' },
      'invalid_request',
    ],
  ])('with %s is redirected with an error', async (_, change, error) => {
    const answer = await open(await start(), { ...asked, ...change });
    expect(answer.status).toBe(302);
    expect(Object.fromEntries(location(answer).searchParams)).toMatchObject({ error, state: asked.state });
  });

  it('of an app without the grant type is redirected with unauthorized_client', async () => {
    const simulator = await start({ apps: [{ ...confidential, grantTypes: ['jwt-bearer'] }] });
    expect(location(await open(simulator, asked)).searchParams.get('error')).toBe('unauthorized_client');
  });
});
