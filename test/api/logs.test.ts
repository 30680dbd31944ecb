import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Api, startApi } from './api.ts';

describe('what the api function writes to its log and its metrics', () => {
  let api: Api;
  const written: string[] = [];
  beforeAll(async () => {
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'TRACE');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    // An operator who looks for a fault switches this on.
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
    const record = (chunk: unknown): boolean => {
      written.push(String(chunk));
      return true;
    };
    vi.spyOn(process.stdout, 'write').mockImplementation(record);
    vi.spyOn(process.stderr, 'write').mockImplementation(record);
    for (const method of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const) {
      vi.spyOn(console, method).mockImplementation((...values) => {
        written.push(values.join(' '));
      });
    }
    api = await startApi();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await api.close();
  });

  it('has no token and no secret in it, whatever is asked and however it fails', async () => {
    const { id, response, ownerId } = await api.connect();
    const { body: served } = await api.http('POST', `/grants/${id}/refresh`, {
      body: { rejectedGeneration: 1 },
    });
    const again = api.authorize(ownerId);
    await api.http('PUT', `/grants/${id}`, { body: { ...again, app: 'main' } });
    await api.direct('admin', { action: 'putGrant', grantId: id, body: { ...again, app: 'nobody' } });
    await api.http('PUT', `/grants/${id}`, { rawBody: `${JSON.stringify(again)}}` });
    await api.http('DELETE', `/grants/${id}`);
    await api.spoil('spoilt');
    await api.http('GET', '/grants/spoilt');

    const text = written.join('\n');
    for (const expected of [
      '"connected"',
      '"refreshed"',
      '"revoked"',
      '"internal-error"',
      'CloudWatchMetrics',
    ]) {
      expect(text).toContain(expected);
    }
    const secrets = [response, again].flatMap(({ access_token, refresh_token }) => [
      access_token,
      refresh_token,
    ]);
    for (const secret of [...secrets, served.accessToken, 'test-client_secret']) {
      expect(text.includes(secret ?? '')).toBe(false);
    }
  });
});
