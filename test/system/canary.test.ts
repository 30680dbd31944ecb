import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientSecret } from './sandbox.ts';

describe('with secrets that can be found again', () => {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'canary.process.ts')],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, POWERTOOLS_DEV: 'false', POWERTOOLS_LOG_LEVEL: 'DEBUG' },
    },
  );
  const output = stdout + stderr;

  it('everything that can go wrong did', () => {
    expect(output).toContain('finished');
    expect(status).toBe(0);
    for (const expected of [
      'refreshed',
      'deferred',
      'condemned',
      'misconfigured',
      'revoking',
      'Grant Needs Reauthorization',
      'Grant Refreshed',
    ]) {
      expect(output).toContain(expected);
    }
  });

  it('no token is in any log, metric, event or error', () => {
    expect(output.match(/.{0,80}CANARY.{0,20}/)).toBeNull();
  });

  it('nor is the client secret, plain or encoded', () => {
    expect(output).not.toContain(clientSecret);
    expect(output).not.toContain(Buffer.from(clientSecret).toString('base64').slice(0, 16));
  });
});
