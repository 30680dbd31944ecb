/** Making a connect link: what it says, what is stored of it, and what it may not ask for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, allowedReturn, connectUrl, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const make = (grantId: string, body?: unknown) =>
  api.http('POST', `/grants/${grantId}/connect-links`, body === undefined ? {} : { body });

const stored = async (url: string) => {
  const linkId = new URL(url).searchParams.get('link')?.split('.')[0];
  const items: { pk: { S: string } }[] = JSON.parse(await api.records());
  return items.find(({ pk }) => pk.S === `link#${linkId}`) as unknown as Record<
    string,
    { S?: string; N?: string }
  >;
};

describe('a connect link', () => {
  it('leads to the connect function, with a secret of which only a hash is stored', async () => {
    const { status, body } = await make('acme:101', { app: 'main' });
    expect(status).toBe(201);
    expect(body.url).toMatch(
      new RegExp(`^${connectUrl}/connect/acme%3A101\\?link=[0-9a-f-]{36}\\.[\\w-]{43}$`),
    );
    const secret = new URL(body.url).searchParams.get('link')?.split('.')[1] ?? '';
    expect(await api.records()).not.toContain(secret);
    expect(await stored(body.url)).toMatchObject({ phase: { S: 'open' }, grantId: { S: 'acme:101' } });
  });

  it('lives a quarter of an hour, or as long as is asked for', async () => {
    const before = Date.now();
    const { body: usual } = await make('acme:101', { app: 'main' });
    const { body: longer } = await make('acme:101', { app: 'main', expiresIn: 3600 });
    expect(Date.parse(usual.expiresAt) - before).toBeLessThan(901_000);
    expect(Date.parse(usual.expiresAt) - before).toBeGreaterThanOrEqual(900_000);
    expect(Date.parse(longer.expiresAt) - before).toBeGreaterThanOrEqual(3_600_000);
  });

  it('vanishes from the table some time after it is over', async () => {
    const { body } = await make('acme:101', { app: 'main' });
    const { deleteAtSeconds } = await stored(body.url);
    expect(Number(deleteAtSeconds?.N) * 1000).toBeGreaterThan(Date.parse(body.expiresAt));
  });

  it('keeps what it is to allow', async () => {
    const terms = {
      app: 'other',
      strategy: 'hourly',
      label: 'Ada',
      accessTokenTtl: 600,
      refreshTokenTtl: 0,
      returnTo: `${allowedReturn}?from=ringbearer`,
      allowOwnerChange: true,
    };
    const { body } = await make('acme:101', terms);
    expect(await stored(body.url)).toMatchObject({
      app: { S: 'other' },
      clientId: { S: 'other-client' },
      strategy: { S: 'hourly' },
      label: { S: 'Ada' },
      accessTokenTtlSeconds: { N: '600' },
      refreshTokenTtlSeconds: { N: '0' },
      returnTo: { S: terms.returnTo },
      allowOwnerChange: { BOOL: true },
      pkce: { BOOL: true },
    });
  });

  it('is for the app and the endpoint of the grant that there is', async () => {
    const { id, response } = await api.connect();
    const { body } = await make(id);
    expect(await stored(body.url)).toMatchObject({
      app: { S: 'main' },
      endpointId: { S: response.endpoint_id },
    });
  });

  it('has no endpoint id where the grant is of another app', async () => {
    const { id } = await api.connect();
    const { body } = await make(id, { app: 'other' });
    expect(await stored(body.url)).not.toHaveProperty('endpointId');
  });

  it('returns to the URL as browsers write it', async () => {
    const { body } = await make('acme:101', { app: 'main', returnTo: ` ${allowedReturn}/x/../y?a=ü\n` });
    expect(await stored(body.url)).toMatchObject({ returnTo: { S: `${allowedReturn}/y?a=%C3%BC` } });
  });

  it.each([
    ['no app, where there are several', undefined, 'There are several apps'],
    ['an app that there is not', { app: 'none' }, 'There is no app of that name'],
    ['a life that is too short', { app: 'main', expiresIn: 59 }, '"expiresIn" must be'],
    ['a life that is too long', { app: 'main', expiresIn: 86_401 }, '"expiresIn" must be'],
    [
      'a return to elsewhere',
      { app: 'main', returnTo: 'https://evil.example/connected' },
      '"returnTo" must begin with',
    ],
    [
      'a return to a look-alike',
      { app: 'main', returnTo: `${allowedReturn}-not` },
      '"returnTo" must begin with',
    ],
    [
      'a return with a user',
      { app: 'main', returnTo: 'https://a:b@app.example/connected' },
      '"returnTo" must begin',
    ],
    ['a return that is no URL', { app: 'main', returnTo: 'connected' }, '"returnTo" must begin with'],
    ['a script to return to', { app: 'main', returnTo: 'javascript:alert(1)' }, '"returnTo" must begin with'],
    ['what no link can allow', { app: 'main', allowAnything: true }, 'A connect link takes'],
  ])('is not made with %s', async (_, body, detail) => {
    const before = await api.records();
    const answer = await make('acme:101', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(answer.body.detail).toContain(detail);
    expect(await api.records()).toBe(before);
  });
});
