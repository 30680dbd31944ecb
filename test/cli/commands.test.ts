import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cli, type Local, printed, secretsOf, spawnCli, startLocal } from './cli.ts';

let local: Local;
let folder = '';
beforeAll(async () => {
  local = await startLocal();
  folder = mkdtempSync(join(tmpdir(), 'ringbearer-cli-'));
  await local.connect('acme:ada', '1001', { label: 'Ada' });
});
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true, force: true });
});

const { ask, askJson } = {
  ask: (...args: string[]) => local.ask(...args),
  askJson: (...args: string[]) => local.askJson(...args),
};

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

/** Until its token is old enough to be replaced. */
const aged = () => new Promise(resolve => setTimeout(resolve, 1100));

describe('list and show', () => {
  it('show grants to people', async () => {
    const { code, stdout, stderr } = await ask('list');
    expect(stdout).toMatch(/^grant +state +strategy +gen/);
    expect(stdout).toMatch(/^acme:ada +active +weekly +\d+ +in .* Ada$/m);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await ask('show', 'acme:ada')).stdout).toMatch(/^owner +1001$/m);
  });

  it('show grants to programs, in one line of JSON', async () => {
    const { stdout } = await ask('list', '--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const { grants, complete } = JSON.parse(stdout);
    expect(complete).toBe(true);
    expect(grants).toContainEqual(await askJson('show', 'acme:ada'));
  });

  it('say that there are none, on stderr', async () => {
    const { code, stdout, stderr } = await ask('list', '--state', 'revoking');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There are no grants in revoking.\n',
    });
  });

  it('say when there are more than were asked for', async () => {
    await local.connect('acme:second', '1002');
    const { stdout, stderr } = await ask('list', '--limit', '1', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ complete: false, grants: [{ grantId: 'acme:ada' }] });
    expect(stderr).toMatch(/Only the first 1 are shown/);
  });

  it('neutralise what could steer a terminal', async () => {
    const label = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202egpj\nline';
    await local.connect('acme:third', '1003', { label });
    const { stdout } = await ask('show', 'acme:third');
    expect(stdout).toContain('\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u202egpj\\u000aline');
    const json = await ask('show', 'acme:third', '--json');
    expect(json.stdout.trimEnd()).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(json.stdout).label).toBe(label);
  });
});

describe('token', () => {
  it('prints the access token and not even a newline', async () => {
    const { code, stdout, stderr } = await ask('token', 'acme:ada');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[!-~]+$/);
    expect(stdout).toBe((await askJson('token', 'acme:ada')).accessToken);
  });

  it('works in a command substitution', async () => {
    const { accessToken } = await askJson('token', 'acme:ada', '--min-ttl', '1');
    const { server } = await askJson('show', 'acme:ada');
    const answer = await fetch(`${server}/restapi/v1.0/account/~/extension/~`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).toBe(200);
  });
});

describe('refresh', () => {
  it('renews a token and says what it did, without printing one', async () => {
    await aged();
    const before = await askJson('show', 'acme:ada');
    const { code, stdout } = await ask('refresh', 'acme:ada');
    expect(code).toBe(0);
    expect(stdout).toContain(`Reported generation ${before.generation} as rejected.`);
    expect(stdout).toContain(`issued generation ${before.generation + 1}`);
  });

  it('that comes too soon is told to come later: exit code 4', async () => {
    await ask('refresh', 'acme:ada');
    const { code, stderr } = await ask('refresh', 'acme:ada', '--json');
    expect(code).toBe(4);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'refresh-limited',
      retryAfterSeconds: expect.any(Number),
    });
  });

  it('answers programs with generations and times only', async () => {
    await aged();
    expect(Object.keys(await askJson('refresh', 'acme:ada'))).toEqual([
      'grantId',
      'rejectedGeneration',
      'generation',
      'expiresAt',
      'cacheUntil',
    ]);
  });
});

describe('import', () => {
  it('takes a token response from a file', async () => {
    const path = file('response.json', local.authorize('1004'));
    const { code, stdout } = await ask(
      'import',
      'acme:fourth',
      path,
      '--label',
      'Four',
      '--strategy',
      'hourly',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Imported acme:fourth, generation 1\./);
    expect(await askJson('show', 'acme:fourth')).toMatchObject({ label: 'Four', strategy: 'hourly' });
  });

  it('takes one from stdin, with - or without', async () => {
    const input = JSON.stringify(local.authorize('1005'));
    const at = ['--local', local.run.url, '--json'];
    const first = await cli(['import', 'acme:fifth', ...at], { input });
    expect(JSON.parse(first.stdout)).toMatchObject({ grantId: 'acme:fifth', generation: 1 });
    const again = await cli(['import', 'acme:fifth', '-', ...at], { input });
    expect(JSON.parse(again.stdout)).toMatchObject({ generation: 1 });
  });

  it('replaces nothing unless it is told which generation', async () => {
    await local.connect('acme:sixth', '1006');
    const path = file('second.json', local.authorize('1006'));
    const refused = await ask('import', 'acme:sixth', path);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^generation-mismatch: .*generation 1/);
    expect(refused.stderr).toContain('--replace <generation>');
    const { code, stdout } = await ask('import', 'acme:sixth', path, '--replace', '1');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('generation 2') });
  });

  const secret = 'U0pDMDFQMDFQQVMwMXxBQUFB';
  it.each([
    ['a file that is not there', [secret], '', /cannot be read \(ENOENT\)/],
    ['a folder', ['/'], '', /cannot be read \(EISDIR\)/],
    ['what is no JSON', [], `{"access_token":"${secret}`, /not valid JSON/],
    ['what is no object', [], `["${secret}"]`, /no JSON object/],
    ['nothing', [], '', /not valid JSON/],
    ['more than a token response is', [], secret.repeat(5000), /more than 65536 bytes/],
    ['another argument', ['-', secret], '', /too many arguments/],
  ])('refuses %s with exit code 2, and quotes nothing', async (_, args, input, message) => {
    const { code, stdout, stderr } = await cli(['import', 'acme:7', ...args, '--local', local.run.url], {
      input,
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(secret);
  });

  it('passes on what the API says of a response that is no good', async () => {
    const { code, stderr } = await cli(['import', 'acme:7', '--local', local.run.url], { input: '{}' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^invalid-request: "access_token" is missing/);
  });
});

describe('revoke', () => {
  it('asks nobody where nobody is, and does nothing', async () => {
    const { code, stderr } = await ask('revoke', 'acme:second');
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(await askJson('show', 'acme:second')).toMatchObject({ state: 'active' });
  });

  it('does it with --yes', async () => {
    const { code, stdout } = await ask('revoke', 'acme:second', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Revoked acme:second.\n' });
    const gone = await ask('token', 'acme:second');
    expect({ code: gone.code, stdout: gone.stdout }).toEqual({ code: 3, stdout: '' });
    expect(gone.stderr).toMatch(/^grant-revoked: /);
  });

  it('says when RingCentral could not be told yet', async () => {
    local.run.simulator.faults.add({ endpoint: 'revoke', kind: 'drop-before', times: 1 });
    const { code, stdout } = await ask('revoke', 'acme:third', '-y');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Revoking acme:third: nobody is served/);
  });
});

describe('a grant whose owner must authorise again', () => {
  it('is exit code 3, with what to do; and reinstate tries it again', async () => {
    local.run.simulator.provider.endSessions('1005');
    await aged();
    const { code, stderr } = await ask('refresh', 'acme:fifth');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^reauthorization-required: /);
    expect(stderr).toContain('ringbearer connect acme:fifth');
    const reinstated = await ask('reinstate', 'acme:fifth');
    expect(reinstated.stdout).toMatch(/^acme:fifth is active again\./);
  });
});

describe('sweep', () => {
  it('reports what it would do, and does nothing', async () => {
    expect((await ask('sweep', '--dry-run')).stdout).toMatch(
      /^What a sweep would do now[\s\S]*^to refresh +\d/m,
    );
    const dry = await askJson('sweep', '--dry-run');
    expect(dry).toMatchObject({ due: expect.any(Number), refreshed: expect.any(Number) });
    expect(dry.due).toBeGreaterThan(0);
    expect((await askJson('sweep', '--dry-run')).due).toBe(dry.due);
  });

  it('sweeps', async () => {
    const { due, oldestDueAgeMs, ...outcomes } = await askJson('sweep');
    expect(due).toBeGreaterThan(0);
    expect(oldestDueAgeMs).toBeGreaterThanOrEqual(0);
    expect(Object.values<number>(outcomes).reduce((a, b) => a + b)).toBe(due);
    expect((await ask('sweep')).stdout).toMatch(/^Swept every lane\.\n/);
  });
});

describe('doctor', () => {
  it('finds what is wrong with a local run, and exits 1', async () => {
    local.run.simulator.provider.endSessions('1004');
    await aged();
    await ask('refresh', 'acme:fourth');
    const { code, stdout } = await ask('doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^problem +reauthorize +.*acme:fourth \(OAU-211/m);
    expect(stdout).toMatch(/^ok +settings/m);
    expect(stdout).toMatch(/^ok +clock/m);
    const { findings } = await askJson('doctor');
    const dead = findings.find((finding: { check: string }) => finding.check === 'reauthorize');
    expect(dead).toMatchObject({ severity: 'problem', grantIds: expect.arrayContaining(['acme:fourth']) });
  });
});

describe('watch in a pipe', () => {
  it('prints a line for each change, as JSON too, and ends with 130 on Ctrl-C', async () => {
    await local.connect('acme:watched', '1007');
    const at = ['--local', local.run.url, '--interval', '0.1'];
    const children = [spawnCli(['watch', ...at]), spawnCli(['watch', '--json', ...at])];
    const text = children.map(child => {
      const lines = { all: '' };
      child.stdout?.setEncoding('utf8').on('data', chunk => {
        lines.all += chunk;
      });
      return lines;
    });
    const ended = children.map(child => new Promise(resolve => child.once('close', resolve)));
    const shows = (pattern: RegExp, index: number) =>
      vi.waitFor(() => expect(text[index]?.all).toMatch(pattern), 10_000);
    await shows(/acme:watched {2}state active, generation 1/, 0);
    await shows(/"acme:watched"/, 1);
    await ask('revoke', 'acme:watched', '--yes');
    await shows(/^\d{4}-\S+Z {2}acme:watched {2}.*state revoked.*$/m, 0);
    await shows(/"event":"changed","grant":\{"grantId":"acme:watched".*"state":"revoked"/, 1);
    for (const child of children) child.kill('SIGINT');
    expect(await Promise.all(ended)).toEqual([130, 130]);
    const events = text[1]?.all.trim().split('\n') ?? [];
    for (const line of events) expect(JSON.parse(line)).toHaveProperty('grant.grantId');
    printed.push(...text.map(({ all }) => all));
  });

  it('ends quietly when nobody reads any more', async () => {
    const child = spawnCli(['watch', '--local', local.run.url, '--interval', '0.1']);
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', chunk => {
      errors += chunk;
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const ended = new Promise(resolve => child.once('exit', resolve));
    const timer = setInterval(() => {
      void local.run.api.invoke({ action: 'reinstateGrant', grantId: 'acme:fifth' }, 'admin');
      void local.connect(`acme:${Date.now()}`, '1007').catch(() => undefined);
    }, 300);
    expect(await ended).toBe(0);
    clearInterval(timer);
    expect(errors).toBe('');
  });
});

describe('the command line', () => {
  it.each([
    ['nothing at all', [], /^Usage: ringbearer/],
    ['an unknown command, with a suggestion', ['lsit'], /unknown command 'lsit'\n\(Did you mean list\?\)/],
    [
      'an unknown option, with a suggestion',
      ['list', '--stat', 'active'],
      /unknown option '--stat'\n\(Did you mean --state/,
    ],
    ['a value that is none', ['list', '--state', 'alive'], /Allowed choices are active, reauthorize/],
    ['a number that is none', ['token', 'a', '--min-ttl', 'soon'], /whole number from 0 to 900/],
    ['an interval that is none', ['watch', '--interval', '0'], /number of seconds from 0\.1/],
    ['no grant id', ['show', '.bad'], /^usage: That is no grant id\./],
    ['a missing argument', ['show'], /missing required argument 'grantId'/],
    [
      'two targets',
      ['list', '--local', '--stack', 'Other'],
      /^usage: --local and --stack exclude each other/,
    ],
    ['a local URL that is none', ['list', '--local=nowhere'], /^usage: --local takes the URL/],
  ])('refuses %s with exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await cli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('has help that documents the exit codes, on stdout', async () => {
    const { code, stdout } = await cli(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Exit codes:\n +0 {4}done[\s\S]*130/);
    expect((await cli(['help', 'connect'])).stdout).toMatch(
      /--allow-owner-change[\s\S]*Global Options:[\s\S]*--profile/,
    );
    expect((await cli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('says how to start a local run where there is none', async () => {
    const { code, stderr } = await cli(['--local', 'http://127.0.0.1:1', 'show', 'acme:ada']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^ECONNREFUSED: Nothing answers at http:\/\/127\.0\.0\.1:1\.\n`npm start`/);
  });

  it('has colours only where they are wanted', async () => {
    const at = ['show', 'acme:ada', '--local', local.run.url];
    expect((await cli(at)).stdout).not.toContain('\u001b');
    expect((await cli(at, { env: { FORCE_COLOR: '1' } })).stdout).toContain('\u001b[1macme:ada\u001b[22m');
    expect((await cli(at, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  });

  it('printed no token and no secret in all of this, but where it was asked for one', () => {
    const everything = printed.join('\n');
    expect(everything).toContain('acme:ada');
    const secrets = secretsOf(local);
    expect(secrets.length).toBeGreaterThan(20);
    expect(secrets.filter(secret => everything.includes(secret))).toEqual([]);
  });
});
