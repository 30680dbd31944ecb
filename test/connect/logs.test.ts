import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { owners, type Visit } from '../system/sandbox.ts';
import { type Connect, startConnect } from './connect.ts';

describe('what the connect function and the api function write while an account is connected', () => {
  let connect: Connect;
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
    connect = await startConnect();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await connect.sandbox.close();
  });

  it('has no link, state, verifier, code, cookie, token or secret in it, and no page has more than its link', async () => {
    const secrets: string[] = ['test-client_secret', 'plain-secret'];
    const pages: string[] = [];
    const keep = (visit: Visit): Visit => {
      pages.push(visit.body);
      return visit;
    };
    const callback = async (pressed: Visit, answer: Record<string, string>) => {
      const state = new URL(String(pressed.headers.location)).searchParams.get('state') ?? '';
      secrets.push(state.split('.')[1] ?? '', ...Object.values(answer));
      const request = { query: { state, ...answer }, cookies: pressed.cookies };
      return keep(await connect.sandbox.visit('GET', '/oauth/callback', request));
    };
    const begin = async () => {
      const made = await connect.link();
      secrets.push(made.link.split('.')[1] ?? '');
      const pressed = await connect.press(made);
      secrets.push(pressed.cookies[0]?.split('=')[1] ?? '');
      const stored = (await connect.record(made.link)) as { codeVerifier: { S: string } };
      secrets.push(stored.codeVerifier.S);
      return { made, pressed };
    };

    const good = await begin();
    const state = new URL(String(good.pressed.headers.location)).searchParams.get('state') ?? '';
    secrets.push(state.split('.')[1] ?? '');
    const decide = vi.spyOn(connect.sandbox.simulator.provider, 'decide');
    keep(await connect.comeBack(good.pressed, owners[0]));
    const answered = new URL(decide.mock.results[0]?.value.headers.location);
    secrets.push(answered.searchParams.get('code') ?? '');
    const { body: token } = await connect.sandbox.http('GET', `/grants/${good.made.grantId}/token`);
    secrets.push(token.accessToken);

    const bad = await begin();
    await callback(bad.pressed, { code: 'no-code-of-ringcentral' });
    await callback(bad.pressed, { code: 'the-state-was-used' });
    const denied = await begin();
    await callback(denied.pressed, { error: '<b>denied</b>' });
    const spoilt = await begin();
    await connect.spoil(spoilt.made.link);
    await callback(spoilt.pressed, { code: 'code-of-a-spoilt-link' });
    keep(await connect.press(spoilt.made));

    const text = written.join('\n');
    for (const expected of [
      '"sign-in-begun"',
      '"account-connected"',
      '"sign-in-failed"',
      '"authorization-refused"',
      '"stale-state"',
      '"internal-error"',
      '"connected"',
    ]) {
      expect(text).toContain(expected);
    }
    expect(secrets.filter(secret => secret === '')).toEqual([]);
    expect(new Set(secrets).size).toBeGreaterThan(17);
    for (const secret of secrets) {
      expect(text.includes(secret)).toBe(false);
      expect(pages.join('\n').includes(secret)).toBe(false);
    }
  });
});
