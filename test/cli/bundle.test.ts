/** The command line as it is published: one file, on the Node that people have. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildBundles } from '../../build/bundles.ts';
import { type Local, outcomeOf, startLocal } from './cli.ts';

let local: Local;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ringbearer-bundle-'));
  [local] = await Promise.all([startLocal(), buildBundles(join(folder, 'dist'))]);
  await local.connect('acme:ada', '1001');
});
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whichever `node` comes first, without what npm and vitest put before it. */
const path = (process.env.PATH ?? '')
  .split(':')
  .filter(entry => !entry.includes('node_modules'))
  .join(':');

const run = async (...args: string[]) => {
  const child = spawn('node', [join(folder, 'dist/cli.js'), ...args], {
    cwd: folder,
    env: { PATH: path, HOME: folder, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
  });
  return outcomeOf(child);
};

describe('the bundled command line', () => {
  it('says its version and its help', async () => {
    expect(await run('--version')).toEqual({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    expect(await run('help', 'doctor')).toMatchObject({ code: 0, stderr: '' });
  });

  it('works against a local run, with nothing installed', async () => {
    const { code, stdout, stderr } = await run('doctor', '--local', local.run.url, '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const settings = { check: 'settings', severity: 'ok', what: 'They fit together.' };
    expect(JSON.parse(stdout).findings).toContainEqual(settings);
    expect(await run('sweep', '--dry-run', '--local', local.run.url)).toMatchObject({ code: 0 });
  });

  it('has the AWS SDK in itself, and is clear where there are no credentials', async () => {
    const { code, stderr } = await run('list');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^CredentialsProviderError: There are no usable/);
  });
});
