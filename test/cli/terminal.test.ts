/** In a terminal, which `script` of util-linux provides. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { wantsColor } from '../../cli/terminal.ts';
import { hasTerminal, inTerminal, type Local, startLocal } from './cli.ts';

const esc = '\u001b';

describe('colours', () => {
  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [false, { FORCE_COLOR: '' }, false],
    [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [false, { CI: 'true' }, false],
  ])('of a terminal (%s) with %j: %s', (isTTY, variables, expected) => {
    expect(wantsColor({ isTTY }, variables)).toBe(expected);
  });
});

describe.skipIf(!hasTerminal)('in a terminal', () => {
  let local: Local;
  beforeAll(async () => {
    local = await startLocal();
    await local.connect('acme:ada', '1001', { label: 'Ada' });
    await local.connect('acme:alan', '1003');
  });
  afterAll(() => local.close());

  const start = (args: string[], env?: Record<string, string>) =>
    inTerminal([...args, '--local', local.run.url], env);

  it('a listing has colours, unless NO_COLOR is set', async () => {
    const colored = start(['list']);
    expect(await colored.ended()).toBe(0);
    expect(colored.screen()).toContain('\u001b[32mactive\u001b[39m');
    const plain = start(['list'], { NO_COLOR: '1' });
    await plain.ended();
    expect(plain.screen()).toContain('active');
    expect(plain.screen()).not.toMatch(new RegExp(`${esc}\\[\\d+m`));
  });

  it('a token ends with a newline', async () => {
    const token = start(['token', 'acme:ada']);
    expect(await token.ended()).toBe(0);
    expect(token.screen()).toMatch(/^[!-~]+\r\n/);
  });

  it('a revoke asks first: no, Ctrl-D and Ctrl-C revoke nothing', async () => {
    for (const [answer, code] of [
      ['n\r', 1],
      ['\r', 1],
      ['\u0004', 1],
      ['\u0003', 130],
    ] as const) {
      const revoke = start(['revoke', 'acme:ada']);
      await revoke.shows(/Revoke acme:ada \(Ada; owner 1001; active\)\?.*\[y\/N\]/);
      revoke.type(answer);
      expect(await revoke.ended(), JSON.stringify(answer)).toBe(code);
    }
    expect(await local.askJson('show', 'acme:ada')).toMatchObject({ state: 'active' });
  });

  it('a revoke that is confirmed is done', async () => {
    const revoke = start(['revoke', 'acme:alan']);
    await revoke.shows(/\[y\/N\]/);
    revoke.type('y\r');
    expect(await revoke.ended()).toBe(0);
    expect(revoke.screen()).toContain('Revoked acme:alan.');
  });

  it('watch draws a picture over the one before, and leaves the last one', async () => {
    const watch = start(['watch', '--interval', '0.2']);
    await watch.shows(/acme:ada/);
    await watch.shows(new RegExp(`${esc}\\[\\d+A\\r${esc}\\[J[^]*acme:ada`));
    await local.connect('acme:new', '1002', { label: 'a label '.repeat(30) });
    await watch.shows(/acme:new/);
    expect(watch.screen()).toContain('2 grants');
    watch.type('\u0003');
    expect(await watch.ended()).toBe(130);
    const codes = new RegExp(`${esc}\\[[0-9;]*[A-Za-z]|\\r|\\^C`, 'g');
    const lines = watch
      .screen()
      .split('\n')
      .map(line => line.replaceAll(codes, ''));
    expect(lines.filter(line => line.length > 80)).toEqual([]);
  });

  it('watch says when it is not up to date, and goes on', async () => {
    const other = await startLocal();
    await other.connect('acme:ada', '1001');
    const watch = inTerminal(['watch', '--interval', '0.2', '--local', other.run.url]);
    await watch.shows(/acme:ada/);
    await other.close();
    await watch.shows(/not up to date: ECONN/);
    expect(watch.child.exitCode).toBeNull();
    watch.type('\u0003');
    expect(await watch.ended()).toBe(130);
  });

  it('an import asks before it replaces what is there', async () => {
    const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/ringbearer-import-');
    writeFileSync(`${folder}/response.json`, JSON.stringify(local.authorize('1001')));
    const importing = start(['import', 'acme:ada', `${folder}/response.json`]);
    await importing.shows(
      /acme:ada exists with generation 1 \(Ada; owner 1001; active\)\. Replace.*\[y\/N\]/,
    );
    importing.type('y\r');
    expect(await importing.ended()).toBe(0);
    expect(importing.screen()).toContain('Imported acme:ada, generation 2.');
    rmSync(folder, { recursive: true });
  });

  it('progress is shown and taken away again', async () => {
    const sweep = start(['sweep']);
    expect(await sweep.ended()).toBe(0);
    expect(sweep.screen()).toContain(`Sweeping …\r${esc}[KSwept every lane.`);
    await vi.waitFor(() => expect(sweep.screen()).not.toMatch(/…$/));
  });
});
