/** An empty project with the packed tarball installed in it, and nothing else but what the tests link. */
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildBundles, root } from '../../build/bundles.ts';
import { buildDeclarations } from '../../build/declarations.ts';

const run = promisify(execFile);

export type Project = {
  readonly folder: string;
  /** What `npm install` put into `node_modules`, before anything was linked. */
  readonly installed: readonly string[];
  /** Paths inside the tarball. */
  readonly files: readonly string[];
  readonly tarballBytes: number;
  readonly unpackedBytes: number;
  /** Of the package as it is installed. */
  readonly packageFolder: string;
  /** Makes a package of the clone known to the project. */
  link(name: string): void;
  node(executable: string, args: readonly string[], variables?: Record<string, string>): Promise<string>;
  remove(): void;
};

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** Built into a folder of its own: other tests read the clone's `dist` meanwhile. */
const pack = async (folder: string) => {
  const source = join(folder, 'source');
  await buildBundles(join(source, 'dist'));
  buildDeclarations(root, join(source, 'dist'));
  for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(root, file), join(source, file));
  const output = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], source);
  const parsed = JSON.parse(output) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(parsed);
  if (packed === undefined) throw new Error('npm packed nothing');
  return packed;
};

type Packed = {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
};

export const createProject = async (): Promise<Project> => {
  const folder = mkdtempSync(join(tmpdir(), 'ringbearer-package-'));
  const { filename, size, unpackedSize, files } = await pack(folder);
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  npm(['install', join(folder, filename)], app);
  const modules = join(app, 'node_modules');
  return {
    folder: app,
    installed: readdirSync(modules).filter(name => !name.startsWith('.')),
    files: files.map(({ path }) => path).sort(),
    tarballBytes: size,
    unpackedBytes: unpackedSize,
    packageFolder: join(modules, 'ringbearer'),
    link: name => {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    },
    node: async (executable, args, variables = {}) =>
      (
        await run(executable, args, {
          cwd: app,
          env: { PATH: process.env.PATH ?? '', ...variables },
          maxBuffer: 64 * 1024 * 1024,
        })
      ).stdout,
    remove: () => rmSync(folder, { recursive: true }),
  };
};

/** The one that runs the tests, and the machine's own where that is another: both must do. */
export const nodes = (): [version: string, executable: string][] => {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => !folder.includes('node_modules'))
    .map(folder => join(folder, 'node'))
    .find(existsSync);
  const executables = [process.execPath, ...(found === undefined ? [] : [found])];
  const versions = executables.map(
    executable => [execFileSync(executable, ['--version'], { encoding: 'utf8' }).trim(), executable] as const,
  );
  return [...new Map(versions)];
};
