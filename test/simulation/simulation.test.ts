import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runFleet } from '../../simulation/fleet/fleet.ts';
import { runSeed } from '../../simulation/simulation.ts';
import { defaultAssumptions } from '../../simulation/world/assumptions.ts';
import { nothingOmitted } from '../../simulation/world/world.ts';

const run = promisify(execFile);

const simulate = async (...args: string[]) => {
  const command = [join(import.meta.dirname, '../../simulation/simulate.ts'), ...args];
  const result = await run(process.execPath, command, { maxBuffer: 1e8 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
  return result as { code: number; stdout: string; stderr: string };
};

const timelineOf = async (seed: number) =>
  (await runSeed({ seed, assumptions: defaultAssumptions, omitted: nothingOmitted, traced: true })).timeline;

describe('a seed', () => {
  it('tells the same story each time, and another one another', async () => {
    const first = await timelineOf(7);
    expect(first.length).toBeGreaterThan(20);
    expect(await timelineOf(7)).toEqual(first);
    expect(await timelineOf(8)).not.toEqual(first);
  });

  it('says nothing of secrets but their names, and finds no violation in five hundred', async () => {
    const { failing, coverage } = await runFleet({
      firstSeed: 4_000_000,
      seeds: 500,
      batchSize: 100,
      threads: 2,
      maxDurationMs: Number.POSITIVE_INFINITY,
      assumptions: defaultAssumptions,
      progress: () => {},
    });
    expect(failing).toBeUndefined();
    for (const fact of ['refreshed', 'revoked', 'condemned', 'deferred', 'late-answer-retired']) {
      expect(coverage.facts[fact]).toBeGreaterThan(0);
    }
  });

  it('breaks the promise of a token where clocks differ by more than the keeper is told', async () => {
    const { code, stdout } = await simulate('--seed', '1', '--seeds', '20000', '--actual-skew-ms', '600000');
    expect(stdout).toContain('violates');
    expect(code).toBe(1);
  });
});

describe('a seed that fails', () => {
  const mutant = 'serving while a refresh is unanswered';
  const told = simulate('--seed', '1', '--seeds', '2000', '--mutant', mutant);

  it('is shrunk and told, with the command that tells it again', async () => {
    const { code, stdout } = await told;
    expect(code).toBe(1);
    expect(stdout).toContain('violates "unknown means silence"');
    expect(stdout).toMatch(/VIOLATION/);
    expect(stdout).toMatch(/Again: npm run simulate -- --seed \d+ --timeline --omit [\d.,]+/);
  });

  it('fails in the same way when it is told again, without what was left out', async () => {
    const { stdout } = await told;
    const [, seed = '', omit = ''] = /--seed (\d+) --timeline --omit ([\d.,]+)/.exec(stdout) ?? [];
    const again = await simulate('--seed', seed, '--timeline', '--omit', omit, '--mutant', mutant);
    const whole = await timelineOf(Number(seed));
    const lines = (text: string) => text.split('\n').filter(line => /^\d{3}:/.test(line));
    expect(lines(again.stdout)).toEqual(lines(stdout));
    expect(lines(stdout).length).toBeLessThan(whole.length);
  });

  it('is no failure without the mutant', async () => {
    const [, seed = ''] = /Seed (\d+) violates/.exec((await told).stdout) ?? [];
    expect((await simulate('--seed', seed, '--seeds', '1')).code).toBe(0);
  });
});

describe('the command line', () => {
  it.each([
    [['--seed', 'x'], '--seed takes a whole number'],
    [['--omit', '1,b'], '--omit takes numbers like 10101 or 10104.3, not b'],
    [['--mutant', 'none'], 'There is no mutant "none".'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j in one line, and says what there is', async (args, expected) => {
    const { code, stderr } = await simulate(...args);
    expect(code).toBe(2);
    expect(stderr.split('\n')[0]).toContain(expected);
    expect(stderr).toContain('npm run simulate -- [options]');
  });
});
