import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RingbearerStack } from '../../lib/ringbearer-stack.ts';

const run = promisify(execFile);
const outside = mkdtempSync(join(tmpdir(), 'ringbearer-'));
let bundles: string[] = [];

/** What Lambda does first. The environment is that of a function, so that reading it at start succeeds. */
const load = (bundle: string): Promise<{ stdout: string }> =>
  run(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `console.log(typeof (await import(${JSON.stringify(pathToFileURL(bundle).href)})).handler)`,
    ],
    {
      cwd: outside,
      env: {
        AWS_REGION: 'eu-west-1',
        RINGBEARER_TABLE: 'table',
        RINGBEARER_APPS_SECRET: 'secret',
        RINGBEARER_CONNECT_URL: 'https://connect.example',
        RINGBEARER_CONNECT_FUNCTION: 'function',
        POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
        POWERTOOLS_SERVICE_NAME: 'test',
      },
    },
  );

beforeAll(() => {
  const home = process.cwd();
  process.chdir(outside);
  try {
    const app = new App({ outdir: join(outside, 'cdk.out') });
    new RingbearerStack(app, 'Ringbearer');
    app.synth();
  } finally {
    process.chdir(home);
  }
  bundles = globSync(join(outside, 'cdk.out', 'asset.*', 'index.mjs'));
}, 120_000);

afterAll(() => rmSync(outside, { recursive: true }));

describe('the bundles', () => {
  it('load by themselves, with every dependency inside, and export a handler', async () => {
    expect(bundles.length).toBeGreaterThan(0);
    for (const bundle of bundles) expect((await load(bundle)).stdout.trim()).toBe('function');
  });
});
