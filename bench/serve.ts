/**
 * How long the functions themselves take, around the embedded database and the simulator on this machine: serving by each way
 * in, refreshing, and sweeping at several concurrencies, side by side in one run. `npm run bench:serve`.
 */

import { laneCount } from '../functions/domain/lane.ts';
import { defaultSettings } from '../functions/domain/settings.ts';
import { clientId, clientSecret, type Sandbox, startSandbox } from '../test/system/sandbox.ts';

const requests = 500;
const grantsPerSweep = 200;
const concurrencies = [1, 10, 50];
const users = Array.from({ length: 700 }, (_, i) => String(20_000 + i));

// The functions' logs would be most of what is measured.
process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED = 'true';

const sandbox = await startSandbox(
  { minTokenAgeMs: 0, maxReportsPerHour: 1_000_000 },
  {
    apps: [{ clientId, clientSecret, redirectUris: [] }],
    users: users.map(ownerId => ({ ownerId, name: ownerId })),
  },
);

const percentile = (sorted: number[], share: number): number =>
  Number((sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2));

const measure = async (times: number, action: (i: number) => Promise<unknown>) => {
  const durations: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const before = performance.now();
    await action(i);
    durations.push(performance.now() - before);
  }
  durations.sort((a, b) => a - b);
  return { medianMs: percentile(durations, 0.5), p99Ms: percentile(durations, 0.99) };
};

const serve = async ({ http, direct, connect }: Sandbox) => {
  await connect('bench', users[0] ?? '');
  const table = {
    'get a token, HTTP event': await measure(requests, () => http('GET', '/grants/bench/token')),
    'get a token, direct': await measure(requests, () =>
      direct('get', { action: 'getToken', grantId: 'bench' }),
    ),
    'refresh (read, begin, request, commit)': await measure(requests, i =>
      direct('get', { action: 'refreshToken', grantId: 'bench', rejectedGeneration: i + 1 }),
    ),
  };
  console.log(`\nOne request after the other, ${requests} each`);
  console.table(table);
};

const sweep = async ({ connect }: Sandbox) => {
  const { createRuntime } = await import('../functions/runtime.ts');
  const rows: Record<string, { grants: number; ms: number; refreshesPerSecond: number }> = {};
  let used = 1;
  for (const concurrency of concurrencies) {
    const obtainedAt = new Date(Date.now() - defaultSettings.accessLifetimeMs).toISOString();
    for (let i = 0; i < grantsPerSweep; i += 1) {
      await connect(`bench-${concurrency}-${i}`, users[used] ?? '', { obtainedAt, strategy: 'hourly' });
      used += 1;
    }
    const { keeper } = createRuntime({ ...process.env, RINGBEARER_SWEEP_CONCURRENCY: String(concurrency) });
    const before = performance.now();
    const { refreshed } = await keeper.sweep({
      lanes: Array.from({ length: laneCount }, (_, lane) => lane),
      dryRun: false,
      deadlineAt: Date.now() + 600_000,
    });
    const ms = performance.now() - before;
    rows[`concurrency ${concurrency}`] = {
      grants: refreshed,
      ms: Math.round(ms),
      refreshesPerSecond: Math.round((1000 * refreshed) / ms),
    };
  }
  console.log('\nA sweep of grants that are all due');
  console.table(rows);
};

await serve(sandbox);
await sweep(sandbox);
await sandbox.close();
