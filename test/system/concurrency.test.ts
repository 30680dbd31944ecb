import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { owners, type Sandbox, startSandbox } from './sandbox.ts';

const run = promisify(execFile);
const minutes = (count: number) => new Date(Date.now() - count * 60_000).toISOString();

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

/** `processes` processes, each asking `count` times at the same moment. */
const askFromProcesses = async (grantId: string, processes: number, count: number) => {
  const startAt = Date.now() + 2500;
  const outputs = await Promise.all(
    Array.from({ length: processes }, () =>
      run(
        process.execPath,
        [join(import.meta.dirname, 'getter.process.ts'), grantId, String(count), String(startAt)],
        {
          env: { ...process.env, ...sandbox.variables },
          maxBuffer: 64 * 1024 * 1024,
        },
      ),
    ),
  );
  return outputs.flatMap(
    ({ stdout }) =>
      JSON.parse(/^ANSWERS (.*)$/m.exec(stdout)?.[1] ?? '[]') as {
        ok: boolean;
        result: { accessToken: string };
      }[],
  );
};

describe('many getters of one expiring grant, in several processes', () => {
  it('200 getters over 4 processes cause exactly one token request, and all get its token', async () => {
    await sandbox.connect('acme:busy', owners[0], { obtainedAt: minutes(50) });
    const answers = await askFromProcesses('acme:busy', 4, 50);
    expect(answers).toHaveLength(200);
    expect(answers.filter(answer => !answer.ok)).toEqual([]);
    const { accessToken } = (await sandbox.http('GET', '/grants/acme:busy/token')).body;
    expect(new Set(answers.map(answer => answer.result.accessToken))).toEqual(new Set([accessToken]));
    expect(
      sandbox.simulator.provider.log().filter(entry => entry.grantType === 'refresh_token'),
    ).toHaveLength(1);
  });

  it('two sweeps at once, among getters, refresh each grant once', async () => {
    const grantIds = owners.slice(1).map(ownerId => `acme:${ownerId}`);
    for (const [i, grantId] of grantIds.entries()) {
      await sandbox.connect(grantId, owners[i + 1] ?? '', { obtainedAt: minutes(50), strategy: 'hourly' });
    }
    const before = sandbox.simulator.provider.log().length;
    const [one, other] = await Promise.all([
      sandbox.sweep(),
      sandbox.sweep(),
      ...grantIds.map(grantId => sandbox.http('GET', `/grants/${grantId}/token`)),
    ]);
    expect([one.failed, other.failed]).toEqual([0, 0]);
    expect(sandbox.simulator.provider.log()).toHaveLength(before + grantIds.length);
    expect(sandbox.simulator.provider.stats().counts.needless).toBe(0);
  });
});
