/** Loads the product with one mutant in it. Must run before the first import of what it edits. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutants.ts';

const root = join(import.meta.dirname, '../..');

const edited = (source: string, { edits }: Mutant, file: string): string =>
  edits
    .filter(edit => edit.file === file)
    .reduce((text, { find, replace }) => {
      const parts = text.split(find);
      if (parts.length !== 2)
        throw new Error(`${file}: expected once, found ${parts.length - 1} times: ${find}`);
      return parts.join(replace);
    }, source);

export const loadMutant = (mutant: Mutant): void => {
  const files = new Map(mutant.edits.map(({ file }) => [pathToFileURL(join(root, file)).href, file]));
  const waiting = new Set(files.values());
  registerHooks({
    load: (url, context, nextLoad) => {
      const file = files.get(url);
      if (file === undefined) return nextLoad(url, context);
      waiting.delete(file);
      const source = edited(readFileSync(fileURLToPath(url), 'utf8'), mutant, file);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
};
