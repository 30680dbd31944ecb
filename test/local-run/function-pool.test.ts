import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFunctionPool, type FunctionPool } from '../../sandbox/aws/function-pool.ts';
import type { Ending } from '../../sandbox/aws/function-process.ts';

type Result = { arn: string; pid: number; variables: string[]; remainingMs: number };

let pool: FunctionPool;
const lines: string[] = [];
const deaths: Ending[] = [];

const start = (timeoutMs = 10_000, maxProcesses = 2): FunctionPool => {
  pool = createFunctionPool({
    name: 'fixture',
    module: new URL('./handler.fixture.ts', import.meta.url),
    variables: { ONLY_THIS: '1' },
    timeoutMs,
    maxProcesses,
    onLine: line => lines.push(line),
    onDeath: death => deaths.push(death),
  });
  return pool;
};

const invoke = (event: object, alias?: string) => pool.invoke(event, alias) as Promise<Result>;

afterEach(async () => {
  await pool.close(1000);
  lines.length = 0;
  deaths.length = 0;
});

describe('a function in processes of its own', () => {
  it('sees its environment, its alias and its time, and nothing else', async () => {
    start();
    const { arn, variables, remainingMs } = await invoke({}, 'get');
    expect(arn).toMatch(/:function:fixture:get$/);
    expect(variables.filter(name => !name.startsWith('NODE_CHANNEL'))).toEqual(['ONLY_THIS']);
    expect(remainingMs).toBeGreaterThan(9000);
    expect(remainingMs).toBeLessThanOrEqual(10_000);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
  });

  it('keeps a process for the next invocation, and gives each its own while they last', async () => {
    start();
    const first = await invoke({});
    expect((await invoke({})).pid).toBe(first.pid);
    const three = await Promise.all([1, 2, 3].map(() => invoke({ sleepMs: 200 })));
    expect(new Set(three.map(({ pid }) => pid)).size).toBe(2);
  });

  it('passes on what a handler throws', async () => {
    start();
    await expect(invoke({ fail: true })).rejects.toMatchObject({ type: 'RangeError', message: 'no' });
  });

  it('replaces a process that was killed, at the next invocation', async () => {
    start();
    const doomed = invoke({ sleepMs: 5000 });
    const [{ pid = 0 } = {}] = pool.processes();
    const refused = expect(doomed).rejects.toMatchObject({ type: 'Runtime.ExitError' });
    process.kill(pid, 'SIGKILL');
    await refused;
    expect(deaths).toEqual([{ pid, signal: 'SIGKILL' }]);
    expect((await invoke({})).pid).not.toBe(pid);
  });

  it('survives a function that ends its own process', async () => {
    start();
    await expect(invoke({ exit: true })).rejects.toMatchObject({ type: 'Runtime.ExitError' });
    expect((await invoke({})).pid).toBeGreaterThan(0);
  });

  it('kills what takes too long', async () => {
    start(500);
    await expect(invoke({ sleepMs: 5000 })).rejects.toMatchObject({ type: 'Sandbox.Timedout' });
    await vi.waitFor(() => expect(pool.processes()).toEqual([]));
  });

  it('lets invocations finish when it is closed, and leaves no process behind', async () => {
    start();
    const last = invoke({ sleepMs: 300 });
    await sleep(100);
    const [{ pid = 0 } = {}] = pool.processes();
    await pool.close(5000);
    expect((await last).pid).toBe(pid);
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(invoke({})).rejects.toMatchObject({ type: 'ServiceException' });
    expect(deaths).toEqual([]);
  });
});
