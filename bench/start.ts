/**
 * How large the functions' bundles are and how long they take to load: as they deploy, and in the variants that were rejected,
 * side by side in one run. `npm run bench:start`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const rounds = 15;
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ringbearer-bench-'));

const deployed: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
};

const variants: Record<string, BuildOptions> = {
  'as deployed': deployed,
  'names minified too': { ...deployed, minify: true },
  'not minified': { ...deployed, minifySyntax: false, minifyWhitespace: false },
  'CommonJS from "main"': { ...deployed, format: 'cjs', mainFields: ['main'] },
};

const environment = {
  ...process.env,
  AWS_REGION: 'us-east-1',
  RINGBEARER_TABLE: 'table',
  RINGBEARER_APPS_SECRET: 'secret',
};

/** Milliseconds from before the import of the bundle to after it, in a process of its own. */
const loadMs = (file: string): number => {
  const script = join(folder, 'load.mjs');
  writeFileSync(
    script,
    `const before = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - before); process.exit(0);`,
  );
  return Number(execFileSync(process.execPath, [script], { env: environment, encoding: 'utf8' }));
};

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

type Row = { readonly file: string; readonly times: number[] };

for (const name of ['api', 'sweep']) {
  const rows = new Map<string, Row>();
  for (const [variant, options] of Object.entries(variants)) {
    const file = join(folder, `${name}-${rows.size}.${options.format === 'cjs' ? 'cjs' : 'mjs'}`);
    await build({
      ...options,
      entryPoints: [join(root, 'functions', name, 'handler.ts')],
      outfile: file,
      logLevel: 'error',
    });
    rows.set(variant, { file, times: [] });
  }
  // Interleaved, so that whatever else the machine does falls on all variants alike.
  for (let round = 0; round < rounds; round += 1) {
    for (const { file, times } of rows.values()) times.push(loadMs(file));
  }
  console.log(`\n${name}: median of ${rounds} loads`);
  console.table(
    Object.fromEntries(
      [...rows].map(([variant, { file, times }]) => [
        variant,
        { kB: Math.round(statSync(file).size / 1000), loadMs: Number(median(times).toFixed(1)) },
      ]),
    ),
  );
}
rmSync(folder, { recursive: true });
