import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Command, childrenOf, isRunning, node as nodePath, root, run } from './process.ts';

const started: Command[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ringbearer-'));
});

afterEach(async () => {
  for (const command of started.splice(0)) {
    if (command.child.exitCode === null) command.child.kill('SIGKILL');
    await command.exited();
  }
  rmSync(folder, { recursive: true, force: true });
});

const start = (...args: string[]): Command => {
  const command = run('start', args);
  started.push(command);
  return command;
};

/** Started, its grants connected, and its addresses. */
const ready = async (...args: string[]) => {
  const command = start('--port', '0', ...args);
  const [, url = ''] = await command.printed(/API +(\S+)/);
  const [, simulatorUrl = ''] = await command.printed(/RingCentral +(http\S+)/);
  await command.printed(/# Revoke/);
  await command.printed(/demo:edsger +active/);
  return { command, url, simulatorUrl };
};

const json = async (url: string, init?: RequestInit) => {
  const answer = await fetch(url, init);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const end = (command: Command, signal: NodeJS.Signals = 'SIGINT') => {
  command.child.kill(signal);
  return command.exited();
};

const listen = (port: number) =>
  new Promise<Server>((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

/** A port that is in use, where the one `offset` below it is free. */
const occupyPort = async (offset: number): Promise<{ other: Server; port: number }> => {
  for (;;) {
    const other = await listen(0);
    const { port } = other.address() as AddressInfo;
    if (offset === 0) return { other, port };
    const below = await listen(port - offset).catch(() => undefined);
    below?.close();
    if (below !== undefined) return { other, port };
    other.close();
  }
};

describe('npm start, when it cannot', () => {
  const mistakes: [string, () => string[], RegExp][] = [
    ['an unknown option', () => ['--prot', '1'], /--prot/],
    ['a bad value', () => ['--port', 'x'], /--port must be a whole number/],
    [
      'a data folder below a file',
      () => ['--port', '0', '--data', join(folder, 'file', 'data')],
      /cannot be written/,
    ],
    ['a data folder in /proc', () => ['--port', '0', '--data', '/proc/ringbearer'], /cannot be written/],
    ['a damaged data folder', () => ['--port', '0', '--data', folder], /local-run\.json is damaged/],
  ];

  it.each(mistakes)('says so in one line and exits 2: %s', async (_, args, message) => {
    writeFileSync(join(folder, 'file'), '');
    writeFileSync(join(folder, 'local-run.json'), '{');
    const command = start(...args());
    expect(await command.exited()).toBe(2);
    expect(command.errors()).toMatch(message);
    expect(command.errors().trim().split('\n')).toHaveLength(1);
    expect(command.output()).toBe('');
  });

  it.each([
    ["the API's", 0],
    ["the simulator's", 1],
  ])('exits 2 when %s port is in use', async (_, offset) => {
    const { other, port } = await occupyPort(offset);
    const command = start('--port', String(port - offset));
    expect(await command.exited()).toBe(2);
    expect(command.errors()).toContain(`port ${port} of 127.0.0.1`);
    expect(command.errors()).toContain('in use');
    other.close();
  });

  it('prints its help and exits 0', async () => {
    const command = start('--help');
    expect(await command.exited()).toBe(0);
    expect(command.output()).toMatch(/--port PORT[\s\S]*--data DIR[\s\S]*--real-time/);
  });
});

describe('npm start', () => {
  it('serves the API, refuses what API Gateway refuses, and ends without leaving anything behind', async () => {
    const { command, url } = await ready();
    expect(await json(`${url}/grants/demo:ada/token`)).toMatchObject({
      status: 200,
      body: { generation: 1 },
    });
    expect(await json(`${url}/grants/demo%3Aada/token`)).toMatchObject({ status: 200 });
    expect(await json(`${url}/grants/demo%2Fada/token`)).toMatchObject({ status: 400 });
    expect(await json(`${url}/nothing`)).toMatchObject({ status: 404, body: { code: 'route-not-found' } });
    const large = { method: 'PUT', body: Buffer.alloc(11 * 1024 * 1024, 'x') };
    expect(await json(`${url}/grants/demo:ada`, large)).toMatchObject({ status: 413 });
    const children = childrenOf(command.child.pid ?? 0);
    expect(children.length).toBeGreaterThanOrEqual(2);
    expect(await end(command)).toBe(0);
    expect(children.filter(isRunning)).toEqual([]);
    expect(command.errors()).toBe('');
    await expect(fetch(url)).rejects.toThrow();
  });

  it('lets the aliases do what each may, and no alias nothing', async () => {
    const { url } = await ready();
    const invoke = async (target: string, event: object) => {
      const at = `${url}/2015-03-31/functions/${encodeURIComponent(target)}/invocations`;
      return (await json(at, { method: 'POST', body: JSON.stringify(event) })).body;
    };
    const getToken = { action: 'getToken', grantId: 'demo:ada' };
    const revokeGrant = { action: 'revokeGrant', grantId: 'demo:ada' };
    expect(await invoke('ringbearer-api:get', getToken)).toMatchObject({
      ok: true,
      result: { generation: 1 },
    });
    expect(await invoke('ringbearer-api:get', revokeGrant)).toMatchObject({ error: { code: 'forbidden' } });
    expect(await invoke('ringbearer-api', getToken)).toMatchObject({ error: { code: 'forbidden' } });
    expect(await invoke('ringbearer-api:revoke', revokeGrant)).toMatchObject({
      result: { state: 'revoked' },
    });
    expect(await invoke('ringbearer-api:admin', { action: 'getGrant', grantId: 'demo:ada' })).toMatchObject({
      result: { state: 'revoked' },
    });
    expect(await invoke('ringbearer-sweep', { dryRun: true })).toHaveProperty('due');
  });

  it('replaces function processes that were killed', async () => {
    const { command, url } = await ready();
    for (const pid of childrenOf(command.child.pid ?? 0)) process.kill(pid, 'SIGKILL');
    await command.printed(/died \(SIGKILL\)/);
    await vi.waitFor(
      async () => expect((await fetch(`${url}/grants/demo:ada/token`)).status).toBe(200),
      5000,
    );
  });

  it('takes its function processes with it when it is killed itself', async () => {
    const { command } = await ready();
    const children = childrenOf(command.child.pid ?? 0);
    command.child.kill('SIGKILL');
    await command.exited();
    await vi.waitFor(() => expect(children.filter(isRunning)).toEqual([]), 5000);
  });

  it('ends when npm does, which passes a signal on to nobody but its shell', async () => {
    const shell = spawn('sh', ['-c', `${nodePath} sandbox/start.ts --port 0 & wait`], {
      cwd: root,
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = createInterface({ input: shell.stdout });
    await new Promise<void>(resolve => output.on('line', line => line.startsWith('# Revoke') && resolve()));
    const [node = 0] = childrenOf(shell.pid ?? 0);
    const children = childrenOf(node);
    shell.kill('SIGTERM');
    await vi.waitFor(() => expect([node, ...children].filter(isRunning)).toEqual([]), 5000);
  });

  it('ends on SIGTERM as well', async () => {
    const { command } = await ready('--real-time');
    expect(command.output()).toContain('access token 1 h, refresh token 7 d');
    expect(await end(command, 'SIGTERM')).toBe(0);
  });

  it.skipIf(spawnSync('curl', ['--version']).status !== 0)(
    'prints curl lines that work when they are pasted',
    async () => {
      const { command } = await ready();
      // A token is not replaced in its first second.
      await new Promise(resolve => setTimeout(resolve, 1100));
      const lines = command.output().split('\n');
      const answers = lines.flatMap((line, index) =>
        line.startsWith('curl ')
          ? [[lines[index - 1], JSON.parse(execFileSync('sh', ['-c', line]).toString())] as const]
          : [],
      );
      expect(Object.fromEntries(answers)).toMatchObject({
        '# A token': { grantId: 'demo:grace', generation: 1 },
        "# Use one at RingCentral's API": { name: 'Barbara', status: 'Enabled' },
        '# All grants': {
          grants: expect.arrayContaining([expect.objectContaining({ grantId: 'demo:ada' })]),
        },
        '# Report the present token as rejected: it is replaced': { grantId: 'demo:grace', generation: 2 },
        '# Have another user consent, and import the token response': {
          grantId: 'demo:katherine',
          state: 'active',
        },
        '# Make a link, to be opened in a browser, with which Joan connects her account: choose Joan there': {
          grantId: 'demo:joan',
          url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/connect\/demo%3Ajoan\?link=/),
        },
        '# Revoke': { grantId: 'demo:alan', state: 'revoked' },
        '# Invoke the function directly, through its alias': { ok: true, result: { generation: 2 } },
        '# Lose the answer to the next refresh, and see it asked for again': {},
      });
      expect(answers).toHaveLength(9);
    },
  );
});

describe('npm start --data', () => {
  it('keeps grants over a restart, alive and at the same generation', async () => {
    const first = await ready('--data', join(folder, 'new'));
    const served = await json(`${first.url}/grants/demo:ada/token`);
    expect(await end(first.command)).toBe(0);
    const second = await ready('--data', join(folder, 'new'));
    expect(second.simulatorUrl).toBe(first.simulatorUrl);
    const again = await json(`${second.url}/grants/demo:ada/token`);
    expect(again.body).toEqual(served.body);
    const use = await fetch(`${second.simulatorUrl}/restapi/v1.0/account/~/extension/~`, {
      headers: { authorization: `Bearer ${again.body.accessToken}` },
    });
    expect(use.status).toBe(200);
    const refreshed = await json(`${second.url}/grants/demo:ada/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"rejectedGeneration":1}',
    });
    expect(refreshed).toMatchObject({ status: 200, body: { generation: 2 } });
  });

  it('lets one run at a time use a folder, and one set of lifetimes', async () => {
    const { command } = await ready('--data', folder);
    const second = start('--port', '0', '--data', folder);
    expect(await second.exited()).toBe(2);
    expect(second.errors()).toContain('is another local run using this folder?');
    await end(command);
    const third = start('--port', '0', '--data', folder, '--real-time');
    expect(await third.exited()).toBe(2);
    expect(third.errors()).toContain('leave out --real-time');
  });
});
