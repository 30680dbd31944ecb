import { afterEach, expect, it, vi } from 'vitest';
import { createFunctionPool, type FunctionPool } from '../../sandbox/aws/function-pool.ts';

let pool: FunctionPool;
let deaths = 0;

const start = (module: string): void => {
  pool = createFunctionPool({
    name: 'warm',
    module: new URL(module, import.meta.url),
    variables: {},
    timeoutMs: 5000,
    maxProcesses: 2,
    minProcesses: 2,
    onLine: () => {},
    onDeath: () => {
      deaths += 1;
    },
  });
};

const pids = (): number[] => pool.processes().map(({ pid }) => pid);

afterEach(async () => {
  deaths = 0;
  await pool.close(0);
});

it('a pool that is kept warm has its processes before anybody asks, and replaces one that was killed', async () => {
  start('../local-run/handler.fixture.ts');
  const [killed = 0, other = 0] = pids();
  process.kill(killed, 'SIGKILL');
  await vi.waitFor(() => expect(pids()).not.toContain(killed));
  expect(pids()).toHaveLength(2);
  expect(pids()).toContain(other);
});

it('but not one that ended by itself, which the next would do as well', async () => {
  start('./no-such-handler.ts');
  await vi.waitFor(() => expect(deaths).toBe(2), 5000);
  expect(pids()).toEqual([]);
});
