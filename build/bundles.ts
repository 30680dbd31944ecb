/** What is bundled, and how: the functions as they deploy, the client, the construct and the command line. */
import { existsSync, globSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { noticesOf } from './notices.ts';

export const root = dirname(import.meta.dirname);
/** Where the clone's own are. */
export const dist = join(root, 'dist');

/** Every folder of `functions` with a handler. */
export const functionFolders: readonly string[] = globSync('functions/*/handler.ts', { cwd: root })
  .map(path => basename(dirname(path)))
  .sort();

/** Nothing in a bundle may depend on where it was built: the hash of a function's bundle is what decides whether it is deployed anew. */
const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'esm',
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

/** White space and syntax only: a stack trace names the functions without a source map, which Node would parse at every start. */
const small: BuildOptions = { minifySyntax: true, minifyWhitespace: true, lineLimit: 160 };

/** The SDK is bundled, so that what runs is what was tested. */
export const functionOptions: BuildOptions = { ...common, ...small, target: 'node24' };

/** What others debug into stays as readable as it is. */
const libraryOptions: BuildOptions = { ...common, target: 'node20' };

const clientOptions: BuildOptions = {
  ...libraryOptions,
  entryPoints: ['client/index.ts', 'client/ringcentral-sdk.ts'],
  outdir: 'client',
  // What signs HTTP requests is loaded by those who do; and both entries have the same classes of errors.
  splitting: true,
  external: ['@aws-sdk/*', '@ringcentral/*'],
};

const constructOptions: BuildOptions = {
  ...libraryOptions,
  entryPoints: ['lib/index.ts'],
  outdir: 'lib',
  external: ['aws-cdk-lib', 'constructs'],
};

const commandEntry = 'cli/main.ts';
const commandOptions: BuildOptions = {
  ...libraryOptions,
  ...small,
  entryPoints: [commandEntry],
  outfile: 'cli.js',
  // The entry's first line, by which it is run, stays the first. Some of what is inside is CommonJS and calls `require` for Node's modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

/** Into `folder`, which the options' own output folder or file is relative to. */
const bundle = async ({ outdir, outfile, ...options }: BuildOptions, folder: string): Promise<Metafile> => {
  const output =
    outfile === undefined ? { outdir: join(folder, outdir ?? '') } : { outfile: join(folder, outfile) };
  const { metafile } = await build({ ...options, ...output });
  if (metafile === undefined) throw new Error('esbuild gave no metafile');
  return metafile;
};

/** One folder for each function, with its `index.mjs`. */
export const buildFunctions = (folder = dist): Promise<Metafile[]> =>
  Promise.all(
    functionFolders.map(name =>
      bundle(
        {
          ...functionOptions,
          entryPoints: [`functions/${name}/handler.ts`],
          outfile: `functions/${name}/index.mjs`,
        },
        folder,
      ),
    ),
  );

/** Everything that runs, and the licences of what was bundled. */
export const buildBundles = async (folder = dist): Promise<void> => {
  rmSync(folder, { recursive: true, force: true });
  const commands = existsSync(join(root, commandEntry)) ? [commandOptions] : [];
  const metafiles = [
    ...(await buildFunctions(folder)),
    ...(await Promise.all(
      [clientOptions, constructOptions, ...commands].map(options => bundle(options, folder)),
    )),
  ];
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), noticesOf(metafiles, root));
};
