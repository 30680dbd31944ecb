/**
 * How large the functions' bundles are and how long they take to load: as they deploy, and in the variants that were rejected,
 * side by side in one run; and what the client adds to the start of a function that uses it. `npm run bench:start`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { buildBundles, functionFolders, functionOptions, root } from '../build/bundles.ts';

const rounds = 15;
const folder = mkdtempSync(join(tmpdir(), 'ringbearer-bench-'));

const variants: Record<string, BuildOptions> = {
  'as deployed': functionOptions,
  'names minified too': { ...functionOptions, minify: true },
  'not minified': { ...functionOptions, minifySyntax: false, minifyWhitespace: false },
  'CommonJS from "main"': { ...functionOptions, format: 'cjs', mainFields: ['main'] },
};

const environment = {
  ...process.env,
  AWS_REGION: 'us-east-1',
  RINGBEARER_TABLE: 'table',
  RINGBEARER_APPS_SECRET: 'secret',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
};

/** Milliseconds that some statements take, in a process of its own. */
const takenMs = (statements: string): number => {
  const script = join(folder, 'load.mjs');
  writeFileSync(
    script,
    `const before = performance.now(); ${statements}; console.log(performance.now() - before); process.exit(0);`,
  );
  return Number(execFileSync(process.execPath, [script], { env: environment, encoding: 'utf8' }));
};

const importOf = (file: string): string => `await import(${JSON.stringify(file)})`;
const loadMs = (file: string): number => takenMs(importOf(file));

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

type Row = { readonly file: string; readonly times: number[] };

for (const name of functionFolders) {
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

/** As far as a function needs it: the AWS SDK and the signing code are loaded with the first request. */
const benchClient = async (): Promise<void> => {
  const built = join(folder, 'package');
  await buildBundles(built);
  const load = importOf(join(built, 'client', 'index.js'));
  const get = "get('acme:101').catch(() => undefined)";
  const unanswered = 'http://127.0.0.1:9';
  const ways: Record<string, string> = {
    'import and create': `(${load}).createTokenClient({ function: 'f' })`,
    'and a first request, invoked': `process.env.AWS_ENDPOINT_URL_LAMBDA = '${unanswered}'; await (${load}).createTokenClient({ function: 'f', maxWaitMs: 0 }).${get}`,
    'and a first request, signed HTTP': `await (${load}).createTokenClient({ url: '${unanswered}', maxWaitMs: 0 }).${get}`,
  };
  // Resolved from there, as the Lambda runtime's is.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const row = (statements: string) =>
    Number(median(Array.from({ length: rounds }, () => takenMs(statements))).toFixed(1));
  console.log(`\nclient: median of ${rounds}, with nobody answering`);
  console.table(Object.fromEntries(Object.entries(ways).map(([way, code]) => [way, { ms: row(code) }])));
};

await benchClient();
rmSync(folder, { recursive: true });
