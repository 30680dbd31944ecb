/** Whatever the sweep is invoked with: a round, or an error that says what it takes. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { SweepReport } from '../../functions/keeper/sweep.ts';
import { type Sandbox, startSandbox } from '../system/sandbox.ts';
import { damaged, hostileNumbers, hostileValues, isPolluted, secret } from './arbitraries.ts';
import { listen, type Output } from './output.ts';
import { patienceMs, runs } from './runs.ts';

let sandbox: Sandbox;
let output: Output;
beforeAll(async () => {
  output = listen();
  // Its events hold no tokens: whoever wants them logged gets them logged.
  vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'false');
  sandbox = await startSandbox();
});
afterAll(async () => {
  output.restore();
  await sandbox.close();
});

const validEvents = fc.constantFrom<object>(
  {},
  { lanes: [0] },
  { lanes: [3, 15], dryRun: true },
  { dryRun: false },
);
const events = fc.oneof(
  { weight: 3, arbitrary: damaged(validEvents) },
  { weight: 1, arbitrary: fc.record({ lanes: fc.array(hostileNumbers, { maxLength: 20 }) }) },
  { weight: 1, arbitrary: hostileValues },
);

const counts: readonly (keyof SweepReport)[] = [
  ...([
    'due',
    'oldestDueAgeMs',
    'refreshed',
    'deferred',
    'condemned',
    'skipped',
    'tended',
    'leftOver',
    'failed',
  ] as const),
];

it(
  'an event of any kind leads to a round of the sweep, or to an error that says what it takes',
  async () => {
    await fc.assert(
      fc.asyncProperty(events, async event => {
        const sent: unknown = JSON.parse(JSON.stringify(event));
        try {
          const report = await sandbox.sweep(sent);
          expect(Object.keys(report).sort()).toEqual([...counts].sort());
          for (const count of Object.values(report)) expect(count).toBe(0);
        } catch (error) {
          const { name, message } = error as Error;
          expect(name, message).toBe('InvalidSweepInputError');
          expect(message).toContain('The sweep takes {"lanes":[0…15],"dryRun":true|false}');
          expect(message.length).toBeLessThan(300);
          expect(message).not.toContain(secret);
        }
        expect(output.taken()).not.toContain(secret);
        expect(isPolluted()).toBe(false);
      }),
      { ...runs(150), examples: [[{ [secret]: 0 }], [{ ['a'.repeat(1000)]: 0 }]] },
    );
  },
  patienceMs,
);
