import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from './api.ts';

describe('a token reported as rejected while it is young', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ minTokenAgeMs: 60_000 });
  });
  afterAll(() => api.close());

  it('is not replaced: 429 with the time until it may be', async () => {
    const { id, ownerId } = await api.connect();
    const answer = await api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration: 1 } });
    expect(answer).toMatchObject({ status: 429, body: { code: 'refresh-limited' } });
    const seconds = Number(answer.headers['retry-after']);
    expect(seconds).toBeGreaterThan(55);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(api.refreshes(ownerId)).toBe(0);
  });

  it('is served to whoever reports another generation', async () => {
    const { id } = await api.connect();
    const answer = await api.http('POST', `/grants/${id}/refresh`, { body: { rejectedGeneration: 7 } });
    expect(answer).toMatchObject({ status: 200, body: { generation: 1 } });
  });
});
