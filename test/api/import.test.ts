import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, quickSettings, startApi } from './api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const put = (id: string, body: unknown, ifMatch?: string) =>
  api.http('PUT', `/grants/${id}`, {
    body,
    ...(ifMatch !== undefined && { headers: { 'If-Match': ifMatch } }),
  });
const authorised = (ownerId = api.newOwner()) => ({ ...api.authorize(ownerId), app: 'main' });
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

describe('PUT /grants/{grantId} of a new grant', () => {
  it('answers 201 with everything but the secrets', async () => {
    const ownerId = api.newOwner();
    const body = { ...authorised(ownerId), label: 'Front desk', strategy: 'hourly', obtainedAt: ago(5000) };
    const answer = await put(api.newId(), body);
    expect(answer.status).toBe(201);
    expect(answer.headers.etag).toBe('"1"');
    expect(answer.body).toMatchObject({
      ...{ state: 'active', strategy: 'hourly', generation: 1, app: 'main', ownerId, label: 'Front desk' },
      ...{ endpointId: body.endpoint_id, scope: body.scope, server: api.sandbox.simulator.url },
      ...{ refreshing: false, failures: 0 },
    });
    const expiry = Date.parse(answer.body.accessExpiresAt) - Date.parse(body.obtainedAt);
    expect(expiry).toBe(body.expires_in * 1000);
    expect(JSON.stringify(answer)).not.toContain(body.access_token);
    expect(JSON.stringify(answer)).not.toContain(body.refresh_token);
  });

  it('takes an owner id as the number that JSON makes of it', async () => {
    const ownerId = api.newOwner();
    const { body } = await put(api.newId(), { ...authorised(ownerId), owner_id: Number(ownerId) });
    expect(body.ownerId).toBe(ownerId);
  });

  it('ignores further fields of the token response', async () => {
    const { status } = await put(api.newId(), { ...authorised(), id_token: 'x', constructor: 1, more: [{}] });
    expect(status).toBe(201);
  });

  it('takes a base64 encoded body, as API Gateway sends some', async () => {
    const answer = await api.http('PUT', `/grants/${api.newId()}`, { body: authorised(), base64: true });
    expect(answer.status).toBe(201);
  });

  it('takes a body of just the limit, whichever way it is encoded', async () => {
    for (const base64 of [false, true]) {
      const text = JSON.stringify(authorised());
      const rawBody = text.padEnd(65_536, ' ');
      const answer = await api.http('PUT', `/grants/${api.newId()}`, { rawBody, base64 });
      expect(answer.status, `base64: ${base64}`).toBe(201);
      const longer = await api.http('PUT', `/grants/${api.newId()}`, { rawBody: `${rawBody} `, base64 });
      expect(longer.status, `base64: ${base64}`).toBe(413);
    }
  });

  it.each(['2026-01-31T12:00:00.5+02:00', '2026-01-31T12:00:00Z'])(
    'reads obtainedAt %s',
    async obtainedAt => {
      const body = { ...authorised(), obtainedAt, refresh_token_expires_in: 1_000_000_000 };
      const answer = await put(api.newId(), body);
      expect(answer.status).toBe(201);
      const expected = new Date(Date.parse(obtainedAt) + body.expires_in * 1000).toISOString();
      expect(answer.body.accessExpiresAt).toBe(expected);
    },
  );
});

describe('PUT /grants/{grantId} of an existing grant', () => {
  it('answers 200 to the same response and changes nothing', async () => {
    const { id, response } = await api.connect();
    const before = await api.records();
    const again = await put(id, { ...response, app: 'main' });
    expect(again).toMatchObject({ status: 200, body: { generation: 1 } });
    expect(await api.records()).toBe(before);
  });

  it('still knows the same response after its tokens were rotated', async () => {
    const { id, response } = await api.connect();
    await api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration: 1 } });
    const again = await put(id, { ...response, app: 'main' });
    expect(again).toMatchObject({ status: 200, headers: { etag: '"2"' }, body: { generation: 2 } });
  });

  it.each([
    ['no If-Match', undefined],
    ['another generation', '2'],
    ['another generation, quoted', '"2"'],
  ])('refuses another response with %s: 412, and nothing is written', async (_, ifMatch) => {
    const { id, ownerId } = await api.connect();
    const body = authorised(ownerId);
    const before = await api.records();
    const answer = await put(id, body, ifMatch);
    expect(answer).toMatchObject({ status: 412, body: { code: 'generation-mismatch' } });
    expect(answer.body.detail).toContain('If-Match: 1');
    expect(await api.records()).toBe(before);
  });

  it.each(['1', '"1"', ' "1" '])('replaces the tokens with If-Match: %s', async ifMatch => {
    const { id, ownerId, answer: created } = await api.connect({ label: 'Kept' });
    // Longer than clocks may differ: what was obtained before the last change could be dead, and would be refreshed first.
    await sleep(3 * (quickSettings.maxClockSkewMs ?? 0));
    const body = authorised(ownerId);
    const answer = await put(id, body, ifMatch);
    expect(answer).toMatchObject({
      status: 200,
      body: { generation: 2, label: 'Kept' },
      headers: { etag: '"2"' },
    });
    expect(answer.body.connectionId).not.toBe(created.body.connectionId);
    const { body: served } = await api.http('GET', `/grants/${id}/token`);
    expect(served.accessToken).toBe(body.access_token);
  });

  it('takes the ETag of an answer as it is', async () => {
    const { id, ownerId, answer } = await api.connect();
    expect((await put(id, authorised(ownerId), answer.headers.etag)).status).toBe(200);
  });

  it('lets one of two replacements of the same generation win', async () => {
    const { id, ownerId } = await api.connect();
    const answers = await Promise.all([1, 2, 3].map(() => put(id, authorised(ownerId), '1')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
  });

  it.each(['*', 'W/"1"', '"1", "2"', '1,1', '"x"', '""', '0', '-1', '1.5', '"1', '1"'])(
    'refuses If-Match: %s',
    async ifMatch => {
      const { id, ownerId } = await api.connect();
      const body = authorised(ownerId);
      const before = await api.records();
      expect(await put(id, body, ifMatch)).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
      expect(await api.records()).toBe(before);
    },
  );

  it('refuses to replace what is not there: 412', async () => {
    const answer = await put(api.newId(), authorised(), '1');
    expect(answer).toMatchObject({ status: 412, body: { code: 'generation-mismatch' } });
  });

  it('connects a revoked grant again with its generation', async () => {
    const { id, ownerId } = await api.connect();
    const { body: revoked } = await api.http('DELETE', `/grants/${id}`);
    expect((await put(id, authorised(ownerId))).status).toBe(412);
    const again = await put(id, authorised(ownerId), String(revoked.generation));
    expect(again).toMatchObject({
      status: 200,
      body: { state: 'active', generation: revoked.generation + 1 },
    });
    expect((await api.http('GET', `/grants/${id}/token`)).status).toBe(200);
  });

  it('takes no notice of the same response once the grant is revoked', async () => {
    const { id, response } = await api.connect();
    await api.http('DELETE', `/grants/${id}`);
    const answer = await put(id, { ...response, app: 'main' });
    expect(answer).toMatchObject({ status: 200, body: { state: 'revoked' } });
    expect((await api.http('GET', `/grants/${id}/token`)).status).toBe(410);
  });
});

describe('a RingCentral user who is connected already', () => {
  it('cannot be connected as another grant: 409, and nothing is written', async () => {
    const { ownerId } = await api.connect();
    const body = authorised(ownerId);
    const before = await api.records();
    const answer = await put(api.newId(), body);
    expect(answer).toMatchObject({ status: 409, body: { code: 'owner-already-connected' } });
    expect(await api.records()).toBe(before);
  });

  it('ends up in one grant when several are tried at once', async () => {
    const ownerId = api.newOwner();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => put(api.newId(), { ...authorised(ownerId), endpoint_id: 'same' })),
    );
    const served = await Promise.all(
      answers.map(({ body }) =>
        body.grantId ? api.http('GET', `/grants/${body.grantId}/token`) : undefined,
      ),
    );
    expect(served.filter(answer => answer?.status === 200)).toHaveLength(1);
  });

  it('can be connected for another app', async () => {
    const { ownerId } = await api.connect();
    const response = api.sandbox.simulator.provider.authorize(ownerId, 'other-client');
    expect((await put(api.newId(), { ...response, app: 'other' })).status).toBe(201);
  });

  it('can be connected as another grant once the first is revoked', async () => {
    const { id, ownerId } = await api.connect();
    await api.http('DELETE', `/grants/${id}`);
    expect((await put(api.newId(), authorised(ownerId))).status).toBe(201);
  });
});

describe('an import that cannot be right', () => {
  const refusedWith = async (options: Parameters<Api['http']>[2], status: number, code: string) => {
    const id = api.newId();
    const before = await api.records();
    const answer = await api.http('PUT', `/grants/${id}`, options);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(await api.records()).toBe(before);
    return answer.body.detail as string;
  };

  it.each([
    ['no body', undefined, 'must be a JSON object'],
    ['null', null, 'must be a JSON object'],
    ['a list', [{ access_token: 'a', expires_in: 1, owner_id: '1' }], 'must be a JSON object'],
    ['a string', 'access_token', 'must be a JSON object'],
    ['a number', 5, 'must be a JSON object'],
    ['an empty object', {}, '"access_token" is missing'],
  ])('is refused: %s', async (_, body, detail) => {
    expect(await refusedWith({ body }, 400, 'invalid-request')).toContain(detail);
  });

  it.each([
    ['access_token', undefined],
    ['access_token', ''],
    ['access_token', 7],
    ['access_token', ['a']],
    ['access_token', 'a\nb'],
    ['access_token', 'a'.repeat(16_385)],
    ['expires_in', undefined],
    ['expires_in', '3600'],
    ['expires_in', -1],
    ['expires_in', 1.5],
    ['expires_in', 1e10],
    ['expires_in', null],
    ['owner_id', undefined],
    ['owner_id', ''],
    ['owner_id', 'a/b'],
    ['owner_id', 0],
    ['owner_id', {}],
    ['refresh_token', ''],
    ['refresh_token', null],
    ['refresh_token', true],
    ['refresh_token', 'é'],
    ['refresh_token_expires_in', 'soon'],
    ['token_type', 'mac'],
    ['scope', ['ReadAccounts']],
    ['endpoint_id', 5],
    ['app', 5],
    ['app', 'nobody'],
    ['obtainedAt', 'yesterday'],
    ['obtainedAt', 1_700_000_000],
    ['obtainedAt', '2026-01-31T12:00:00+05'],
    ['obtainedAt', '2026-02-30T12:00:00Z'],
    ['obtainedAt', '2999-01-01T00:00:00Z'],
    ['strategy', 'daily'],
    ['strategy', null],
    ['label', 5],
    ['label', 'x'.repeat(257)],
    ['label', 'half a pair: \ud800'],
    ['scope', '\udc00'],
    ['endpoint_id', 'a\ud83db'],
  ])('is refused: %s %j', async (name, value) => {
    const response = authorised();
    const detail = await refusedWith({ body: { ...response, [name]: value } }, 400, 'invalid-request');
    expect(detail).not.toContain(response.access_token);
    expect(detail).not.toContain(response.refresh_token);
  });

  it('is refused without "app" where there are several, saying which', async () => {
    const detail = await refusedWith({ body: api.authorize(api.newOwner()) }, 400, 'invalid-request');
    expect(detail).toContain('main, other');
  });

  it('is refused once every token has expired', async () => {
    const expired = { ...authorised(), obtainedAt: ago(8 * 24 * 3_600_000) };
    expect(await refusedWith({ body: expired }, 400, 'invalid-request')).toContain('expired');
    const short = { ...authorised(), refresh_token: undefined, expires_in: 0 };
    expect(await refusedWith({ body: short }, 400, 'invalid-request')).toContain('expired');
  });

  it.each([
    ['broken JSON', '{"access_token":"secret-in-the-body"'],
    ['no JSON at all', 'access_token=secret-in-the-body'],
    ['a byte order mark', '\ufeff{"access_token":"secret-in-the-body"}'],
    ['a __proto__ key', '{"__proto__":{"admin":true},"access_token":"secret-in-the-body"}'],
    ['a nested __proto__ key', '{"a":{"__proto__":"secret-in-the-body"}}'],
    ['only spaces', '   '],
    ['deep nesting', '['.repeat(60_000)],
  ])('is refused: %s, without quoting it', async (_, rawBody) => {
    expect(await refusedWith({ rawBody }, 400, 'invalid-request')).not.toContain('secret-in-the-body');
    expect(await refusedWith({ rawBody, base64: true }, 400, 'invalid-request')).not.toContain('secret-in');
  });

  it('is refused deeply nested, where the nesting is right', async () => {
    const rawBody = `{"access_token":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    await refusedWith({ rawBody }, 400, 'invalid-request');
  });

  it('is refused when it is not base64 although it says so', async () => {
    const event = { rawBody: '', base64: true };
    await refusedWith(event, 400, 'invalid-request');
  });

  it('is refused when it is too large, before it is parsed', async () => {
    await refusedWith({ rawBody: '{'.repeat(65_537) }, 413, 'body-too-large');
    await refusedWith({ rawBody: 'é'.repeat(32_769) }, 413, 'body-too-large');
    await refusedWith({ rawBody: 'x'.repeat(65_537), base64: true }, 413, 'body-too-large');
  });
});
