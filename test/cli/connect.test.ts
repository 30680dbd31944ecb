/** Connecting, against a scripted API: the link, the wait for it, and grants that need none. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openerOf } from '../../cli/browser.ts';
import { cli } from './cli.ts';
import { type Answer, type Fake, good, type Invocation, invocationOf, problem, startFake } from './fake.ts';
import { iso, viewWith } from './grant-views.ts';

const url = 'https://connect.example/connect/acme:101?link=id.secret';

let fake: Fake;
let invocations: Invocation[];
/** What `getGrant` answers; by turns, the last one for ever. */
let grants: Answer[];
let put: Answer;
let expiresAt: string;

const absent = problem('grant-not-found', 'There is no such grant.');
const connected = good(viewWith({ connectionId: 'new', generation: 4 }));

beforeEach(async () => {
  invocations = [];
  grants = [absent];
  put = good(viewWith({}));
  expiresAt = iso(Date.now() + 60_000);
  fake = await startFake(asked => {
    const invocation = invocationOf(asked);
    invocations.push(invocation);
    switch (invocation.event.action) {
      case 'createConnectLink':
        return good({ grantId: 'acme:101', url, expiresAt });
      case 'putGrant':
        return put;
      default:
        return (grants.length > 1 ? grants.shift() : grants[0]) ?? absent;
    }
  });
});
afterEach(() => fake.close());

const connect = (...args: string[]) => cli(['connect', 'acme:101', ...args, '--local', fake.url]);
const actions = () => invocations.map(({ event }) => event.action);

describe('connect', () => {
  it('prints the link, waits until a new grant is there, and says so', async () => {
    grants = [absent, absent, connected];
    const { code, stdout, stderr } = await connect();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^https:\/\/connect\.example\/connect\/acme:101\?link=id\.secret\nConnected acme:101: owner 1001, generation 4/,
    );
    expect(stderr).toMatch(/^The link works once, until .*give it to the owner only/);
    expect(actions()).toEqual(['getGrant', 'createConnectLink', 'getGrant', 'getGrant']);
  });

  it('waits for another connection of a grant that exists, and not for a refresh of the old one', async () => {
    const old = (generation: number) => good(viewWith({ connectionId: 'old', generation }));
    grants = [old(1), old(2), connected];
    const { code } = await connect();
    expect(code).toBe(0);
    expect(invocations).toHaveLength(4);
  });

  it('passes over what passes by itself while it waits', async () => {
    grants = [absent, problem('provider-unavailable', 'Not now.'), connected];
    expect(await connect()).toMatchObject({ code: 0 });
  });

  it('asks for what the options say, through the alias that may', async () => {
    await connect(
      ...['--app', 'main', '--strategy', 'hourly', '--label', 'Front desk', '--access-token-ttl', '600'],
      ...['--refresh-token-ttl', '0', '--return-to', 'https://app.example/done', '--allow-owner-change'],
      ...['--expires-in', '120', '--no-wait'],
    );
    expect(invocations).toEqual([
      {
        name: 'ringbearer-api',
        alias: 'admin',
        event: {
          action: 'createConnectLink',
          grantId: 'acme:101',
          body: {
            app: 'main',
            strategy: 'hourly',
            label: 'Front desk',
            accessTokenTtl: 600,
            refreshTokenTtl: 0,
            returnTo: 'https://app.example/done',
            allowOwnerChange: true,
            expiresIn: 120,
          },
        },
      },
    ]);
  });

  it('tells programs of the link and of the grant, a line each', async () => {
    grants = [absent, connected];
    const { stdout } = await connect('--json');
    const [link, done] = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(link).toEqual({ event: 'link', grantId: 'acme:101', url, expiresAt });
    expect(done).toMatchObject({ event: 'connected', grant: { connectionId: 'new' } });
  });

  it('gives up when the link is over, after one last look', async () => {
    expiresAt = iso(Date.now() - 1);
    const { code, stderr } = await connect();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^link-expired: .*\n.*ringbearer connect acme:101/m);
    expect(actions()).toEqual(['getGrant', 'createConnectLink', 'getGrant']);
  });

  it('ends with what the API says where no link can be made', async () => {
    await fake.close();
    fake = await startFake(asked =>
      invocationOf(asked).event.action === 'getGrant' ? absent : problem('misconfigured', 'No connect URL.'),
    );
    const { code, stdout, stderr } = await connect();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^misconfigured: No connect URL\./);
  });

  it.each([
    [['--access-token-ttl', '599'], /from 600 to 3600/],
    [['--expires-in', '59'], /from 60 to 86400/],
    [['--replace', '3'], /--replace is for --credential/],
    [['--credential', 'x', '--open'], /--credential needs no link/],
    [['--credential', 'x', '--app', 'main'], /names its app/],
  ])('refuses %j with exit code 2, and asks nothing', async (args, message) => {
    const { code, stderr } = await connect(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(invocations).toEqual([]);
  });
});

describe('connect --credential', () => {
  it('puts a grant that is minted from a JWT credential', async () => {
    const { code, stdout } = await connect(
      '--credential',
      'reports',
      '--strategy',
      'hourly',
      '--refresh-token-ttl',
      '0',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^Connected acme:101/) });
    expect(invocations.map(({ event }) => event)).toEqual([
      {
        action: 'putGrant',
        grantId: 'acme:101',
        body: { credential: 'reports', strategy: 'hourly', refreshTokenTtl: 0 },
      },
    ]);
  });

  it('replaces what is there only when it is told which generation', async () => {
    put = problem('generation-mismatch', 'The grant exists with generation 3.');
    expect(await connect('--credential', 'reports')).toMatchObject({ code: 1 });
    await connect('--credential', 'reports', '--replace', '3');
    expect(invocations.map(({ event }) => event.ifMatch)).toEqual([undefined, 3]);
  });
});

describe('connect --open', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringbearer-open-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf(process.platform === 'linux')('opens the link in the browser', async () => {
    const opener = join(folder, 'xdg-open');
    writeFileSync(opener, `#!/bin/sh\nprintf %s "$1" > ${folder}/opened\n`);
    chmodSync(opener, 0o755);
    const env = { PATH: `${folder}:${process.env.PATH}` };
    const { code } = await cli(['connect', 'acme:101', '--open', '--no-wait', '--local', fake.url], { env });
    expect(code).toBe(0);
    await vi.waitFor(() => expect(readFileSync(join(folder, 'opened'), 'utf8')).toBe(url));
  });

  it.runIf(process.platform === 'linux')('says so where there is no browser', async () => {
    const env = { PATH: folder };
    const { code, stderr } = await cli(['connect', 'acme:101', '--open', '--no-wait', '--local', fake.url], {
      env,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('No browser could be opened here');
  });

  it.each(['darwin', 'win32', 'linux'] as const)('starts no shell on %s', platform => {
    const { command, args } = openerOf(platform, 'https://a.example/?a=1&b=2');
    expect(['sh', 'cmd', 'cmd.exe', 'powershell']).not.toContain(command);
    expect(args.at(-1)).toBe('https://a.example/?a=1&b=2');
  });
});
