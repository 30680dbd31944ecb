/** The licences of what was bundled, as they ask for: with every copy. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** `…/node_modules/@scope/name/dist/index.js` → `…/node_modules/@scope/name`. */
const packageFolder = (input: string): string | undefined =>
  /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];

type Manifest = { readonly name: string; readonly version: string; readonly license?: string };

const nameOf = (folder: string): string => {
  const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
  const { name, version, license } = JSON.parse(manifest) as Manifest;
  return `${name} ${version} (${license ?? 'see below'})`;
};

const textOf = (folder: string): string =>
  globSync('{LICEN[SC]E,NOTICE,licen[sc]e}*', { cwd: folder })
    .sort()
    .map(file => readFileSync(join(folder, file), 'utf8').trim())
    .join('\n\n');

/** Every package of which something is in one of the bundles, under its licence. `root`: what the paths are relative to. */
export const noticesOf = (metafiles: readonly Metafile[], root: string): string => {
  const used = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([input]) => packageFolder(input));
  const byText = new Map<string, Set<string>>();
  for (const folder of new Set(used)) {
    if (folder === undefined || !existsSync(join(root, folder, 'package.json'))) continue;
    const text = textOf(join(root, folder));
    byText.set(text, (byText.get(text) ?? new Set()).add(nameOf(join(root, folder))));
  }
  const sections = [...byText].map(([text, names]) => `${[...names].sort().join('\n')}\n\n${text}\n`);
  return `The bundles of this package contain code of these packages.\n\n${sections.sort().join(`\n${'-'.repeat(80)}\n\n`)}`;
};
