/** The completion scripts; bash runs the one that is for it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionScript, shells } from '../../cli/completion.ts';
import { createProgram } from '../../cli/program.ts';
import { cli } from './cli.ts';

const { command: program } = createProgram(() => {});
const names = program.commands.map(command => command.name());
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

describe('a completion script', () => {
  it.each(shells)('for %s has every command and every option', shell => {
    const script = completionScript(shell, program);
    for (const name of names) expect(script).toContain(name);
    const flags = program.commands.flatMap(({ options }) => options.map(({ long }) => long?.slice(2) ?? ''));
    for (const flag of flags) expect(script).toContain(flag);
  });

  it.each(shells)('for %s is printed, and no deployment is looked for', async shell => {
    const { code, stdout, stderr } = await cli(['completion', shell]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(completionScript(shell, program));
  });

  it('for another shell there is none', async () => {
    expect(await cli(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
  });

  it.each(shells)('for %s is one that the shell can read', shell => {
    if (!has(shell)) return;
    const { status, stderr } = spawnSync(shell, ['-n'], { input: completionScript(shell, program) });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  });
});

describe.runIf(has('bash'))('in bash', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringbearer-completion-'));
    writeFileSync(join(folder, 'script'), completionScript('bash', program));
    writeFileSync(join(folder, 'response.json'), '{}');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What is offered after these words; the last one is begun. */
  const offered = (...words: string[]): string[] => {
    const list = words.map(word => `'${word}'`).join(' ');
    const lines = [
      'source ./script',
      'complete -p ringbearer >/dev/null || exit 1',
      `COMP_WORDS=(ringbearer ${list}); COMP_CWORD=${words.length}`,
      '_ringbearer',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const { status, stdout, stderr } = spawnSync('bash', ['-c', lines.join('\n')], { cwd: folder });
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
    return stdout
      .toString()
      .split('\n')
      .filter(line => line !== '');
  };

  it('offers commands and options', () => {
    expect(offered('')).toEqual(expect.arrayContaining([...names, '--local', '--profile']));
    expect(offered('re')).toEqual(['refresh', 'revoke', 'reinstate']);
    expect(offered('list', '--st')).toEqual(['--state', '--stack']);
    expect(offered('--json', 'revoke', 'acme:101', '--y')).toEqual(['--yes']);
  });

  it('offers the values of options that have few, and nothing where anything may stand', () => {
    expect(offered('list', '--state', 're')).toEqual(['reauthorize', 'revoking', 'revoked']);
    expect(offered('connect', 'a', '--strategy', '')).toEqual(['weekly', 'hourly']);
    expect(offered('connect', 'a', '--label', '')).toEqual([]);
    expect(offered('completion', 'b')).toEqual(['bash']);
  });

  it('offers files where a file may stand', () => {
    expect(offered('import', 'acme:101', 'resp')).toEqual(['response.json']);
    expect(offered('show', 'resp')).toEqual([]);
  });
});
