/** The types: what the compiler declares, as far as it can be reached from what is exported. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const entries = ['client/index', 'client/ringcentral-sdk', 'lib/index'];

/** In a declaration the compiler leaves the specifiers of relative imports as they are in the source. */
const relativeImport = /((?:from|import\() ?['"])(\.[^'"]+)\.ts(['"])/g;

/** Copies a declaration and all that it refers to. */
const copy = (module: string, from: string, to: string, copied: Set<string>): void => {
  if (copied.has(module)) return;
  copied.add(module);
  const text = readFileSync(join(from, `${module}.d.ts`), 'utf8');
  const target = join(to, `${module}.d.ts`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text.replace(relativeImport, '$1$2.js$3'));
  for (const [, , specifier = ''] of text.matchAll(relativeImport)) {
    copy(join(dirname(module), specifier), from, to, copied);
  }
};

export const buildDeclarations = (root: string, dist: string): void => {
  const declared = mkdtempSync(join(tmpdir(), 'ringbearer-types-'));
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    execFileSync(
      process.execPath,
      [compiler, '--project', join(root, 'build', 'tsconfig.json'), '--outDir', declared],
      { stdio: 'inherit' },
    );
    const copied = new Set<string>();
    for (const entry of entries) copy(entry, declared, dist, copied);
  } finally {
    rmSync(declared, { recursive: true });
  }
};
