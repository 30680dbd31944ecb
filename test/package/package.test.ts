/** What is published, tried as a stranger would: from the tarball, in an empty project, without a network. */
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionFolders, root } from '../../build/bundles.ts';
import { createProject, nodes, type Project } from './project.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  peerDependencies: Record<string, string>;
  scripts: Record<string, string>;
};

let project: Project;
const read = (file: string): string => readFileSync(join(project.packageFolder, file), 'utf8');
beforeAll(async () => {
  project = await createProject();
}, 120_000);
afterAll(() => project.remove());

const evaluate = (executable: string, code: string, variables?: Record<string, string>) =>
  project.node(executable, ['--input-type=module', '--eval', code], variables);

describe('the tarball', () => {
  it('has these files and no others', () => {
    const stable = project.files.map(file => file.replace(/-[A-Z0-9]{8}\.js$/, '-HASH.js'));
    expect([...new Set(stable)]).toEqual(
      [
        'LICENSE',
        'README.md',
        'package.json',
        'dist/THIRD-PARTY.txt',
        ...functionFolders.map(name => `dist/functions/${name}/index.mjs`),
        ...(hasCommand ? ['dist/cli.js'] : []),
        'dist/client/chunk-HASH.js',
        'dist/client/event-streams-HASH.js',
        'dist/client/index.js',
        'dist/client/ringcentral-sdk.js',
        'dist/client/signed-http-HASH.js',
        'dist/lib/index.js',
        ...[
          'errors',
          'index',
          'ringcentral-sdk',
          'signed-http',
          'token-client',
          'transport',
          'types',
          'ways',
        ].map(name => `dist/client/${name}.d.ts`),
        ...['index', 'ringbearer-stack', 'token-keeper', 'token-keeper-props'].map(
          name => `dist/lib/${name}.d.ts`,
        ),
        'dist/functions/api/routes.d.ts',
        'dist/functions/domain/settings.d.ts',
      ].sort(),
    );
    console.log(`${project.tarballBytes} bytes packed, ${project.unpackedBytes} unpacked`);
  });

  it('says nothing of the machine that it was built on, and refers to no source', () => {
    for (const file of project.files) {
      const text = read(file);
      expect([file, text.includes(root), text.includes('sourceMappingURL')]).toEqual([file, false, false]);
      if (file.endsWith('.d.ts'))
        expect([file, text.match(/['"][^'"]+(?<!\.d)\.ts['"]/)]).toEqual([file, null]);
    }
  });

  it('has a README and a licence, and the licences of what is bundled', () => {
    expect(read('README.md')).toContain('# Ringbearer');
    expect(read('LICENSE')).toContain('Apache License');
    const notices = read('dist/THIRD-PARTY.txt');
    for (const name of [
      '@aws-sdk/client-dynamodb',
      '@smithy/signature-v4',
      '@middy/core',
      'valibot',
      'oauth4webapi',
    ]) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((MIT|Apache-2.0)\\)$`, 'm'));
    }
    expect(notices).toContain('Permission is hereby granted');
  });

  it('brings nothing else along', () => {
    expect(project.installed).toEqual(['ringbearer']);
    expect(JSON.parse(read('package.json'))).not.toHaveProperty('dependencies');
    expect(manifest.scripts).toMatchObject({ prepack: 'npm run build', build: 'node build/package.ts' });
  });
});

describe.each(nodes())('under Node %s', (_, node) => {
  const variables = { AWS_REGION: 'eu-west-1', RINGBEARER_FUNCTION: 'f' };

  it('the client works with nothing else installed', async () => {
    const code = `
      import { createTokenClient, RefreshPending, RingbearerError } from 'ringbearer';
      import { sharedSession } from 'ringbearer/ringcentral-sdk';
      let served = 0;
      const transport = async ({ grantId }) => {
        served += 1;
        return { ok: true, result: { grantId, accessToken: 't', server: 'https://x', generation: 1, expiresAt: '2999-01-01', cacheUntil: '2999-01-01' } };
      };
      const tokens = createTokenClient({ transport });
      await Promise.all([tokens.get('a'), tokens.get('a'), sharedSession(tokens, 'a').fetch('https://x/oauth/token').catch(() => 0)]);
      const failing = createTokenClient({ maxWaitMs: 0 });
      const error = await failing.get('a').catch(error => error);
      const pending = new RefreshPending({ code: 'refresh-pending', status: 503, detail: '' });
      console.log(JSON.stringify([served, error.code, error.detail.slice(0, 22), pending instanceof RingbearerError]));
    `;
    expect(JSON.parse(await evaluate(node, code, variables))).toEqual([
      1,
      'misconfigured',
      '@aws-sdk/client-lambda',
      true,
    ]);
  });

  it('signs requests over HTTP with nothing else installed', async () => {
    const code = `
      import { createTokenClient } from 'ringbearer';
      globalThis.fetch = async (url, { headers }) => {
        console.log(url.href, headers.authorization.slice(0, 41), headers['x-amz-security-token']);
        return Response.json({ code: 'grant-not-found', status: 404, detail: 'none' }, { status: 404 });
      };
      const url = 'https://abc.execute-api.eu-west-1.amazonaws.com';
      console.log((await createTokenClient({ url }).get('acme:101').catch(error => error)).name);
    `;
    const credentials = {
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 'session',
    };
    expect((await evaluate(node, code, credentials)).trim()).toMatch(
      /^https:\/\/abc\S+\/grants\/acme:101\/token AWS4-HMAC-SHA256 Credential=AKID\/\d{8} session\nGrantNotFound$/,
    );
  });

  it('keeps a token from other origins in redirects', async () => {
    const code = `
      import { createServer } from 'node:http';
      import { createTokenClient } from 'ringbearer';
      const open = answer => new Promise(resolve => {
        const server = createServer(answer).listen(0, '127.0.0.1', () => resolve('http://127.0.0.1:' + server.address().port));
      });
      const there = await open((request, response) => response.end(String(request.headers.authorization)));
      const here = await open((_, response) => response.writeHead(302, { location: there }).end());
      const result = { accessToken: 't', server: here, generation: 1, expiresAt: '2999-01-01', cacheUntil: '2999-01-01' };
      const response = await createTokenClient({ transport: async () => ({ ok: true, result }) }).fetch('a', '/x');
      console.log(await response.text());
      process.exit(0);
    `;
    expect((await evaluate(node, code)).trim()).toBe('undefined');
  });

  it('is loaded by require() too', async () => {
    const code = `const { createTokenClient } = require('ringbearer'); console.log(typeof createTokenClient)`;
    expect((await project.node(node, ['--input-type=commonjs', '--eval', code])).trim()).toBe('function');
  });
});

const hasCommand = existsSync(join(root, 'cli', 'main.ts'));

describe.runIf(hasCommand).each(nodes())('the command line, under Node %s', (_, node) => {
  it('is installed, and runs by itself', async () => {
    const installed = join(project.folder, 'node_modules', '.bin', 'ringbearer');
    expect((await project.node(node, [realpathSync(installed), '--version'])).trim()).toBe(manifest.version);
    expect(await project.node(node, [realpathSync(installed), '--help'])).toContain('Usage: ringbearer');
  });
});

/** Those of the README that use the package: each is a module. */
const readmeSnippets = (): string[] =>
  [...read('README.md').matchAll(/^```ts\n(.*?)^```$/gms)]
    .map(([, code = '']) => code)
    .filter(code => /from 'ringbearer/.test(code));

describe('the types', () => {
  const compile = (args: readonly string[]) =>
    project
      .node(process.execPath, [
        join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
        ...['--strict', '--noUncheckedIndexedAccess', '--target', 'es2022', '--types', 'node', ...args],
      ])
      .catch(({ stdout }: { stdout: string }) => stdout);

  beforeAll(() => {
    for (const name of ['@types/node', ...Object.keys(manifest.peerDependencies)]) project.link(name);
    for (const file of globSync('*.ts', { cwd: join(import.meta.dirname, 'consumer') })) {
      copyFileSync(join(import.meta.dirname, 'consumer', file), join(project.folder, file));
    }
    const commonJs = join(project.folder, 'common');
    mkdirSync(commonJs);
    writeFileSync(join(commonJs, 'package.json'), '{}');
    copyFileSync(join(project.folder, 'app.ts'), join(commonJs, 'app.ts'));
  });

  const resolutions = [
    ['nodenext', ['--module', 'nodenext']],
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ] as const;

  it.each(resolutions)('are what is promised, down to the last library, by %s', async (_, options) => {
    expect(await compile(['--noEmit', '--skipLibCheck', 'false', ...options, 'calls.ts', 'app.ts'])).toBe('');
  });

  it.each(resolutions)('hold with exact optional properties too, by %s', async (_, options) => {
    const exact = ['--noEmit', '--exactOptionalPropertyTypes', ...options];
    expect(await compile([...exact, '--skipLibCheck', 'false', 'calls.ts'])).toBe('');
    // Of the libraries, aws-cdk-lib's own declarations do not.
    expect(await compile([...exact, '--skipLibCheck', 'app.ts'])).toBe('');
  });

  it("hold in the README's snippets", async () => {
    const files = readmeSnippets().map((code, i) => {
      writeFileSync(join(project.folder, `readme-${i}.ts`), code);
      return `readme-${i}.ts`;
    });
    if (files.length > 0) {
      expect(await compile(['--noEmit', '--skipLibCheck', '--module', 'nodenext', ...files])).toBe('');
    }
  });

  it('serve CommonJS and ES modules: both are compiled for the next test', async () => {
    for (const file of ['app.ts', 'common/app.ts']) {
      expect(await compile(['--module', 'nodenext', '--skipLibCheck', '--outDir', `out/${file}`, file])).toBe(
        '',
      );
    }
    writeFileSync(join(project.folder, 'out', 'common', 'package.json'), '{}');
    expect(readFileSync(join(project.folder, 'out', 'common', 'app.ts', 'app.js'), 'utf8')).toContain(
      'require("ringbearer/cdk")',
    );
  });
});

describe.each(nodes())('another CDK application, under Node %s', (version, node) => {
  it.each(['app.ts', 'common/app.ts'])('synthesises the construct from the package: %s', async file => {
    const outdir = join(project.folder, `cdk-${version}-${file.replace('/', '-')}`);
    await project.node(node, [join(project.folder, 'out', file, 'app.js')], { CDK_OUTDIR: outdir });
    const template = JSON.parse(readFileSync(join(outdir, 'Own.template.json'), 'utf8')) as {
      Resources: Record<
        string,
        { Type: string; Properties: { Handler?: string; Environment?: { Variables: object } } }
      >;
    };
    const functions = Object.values(template.Resources).filter(
      ({ Type }) => Type === 'AWS::Lambda::Function',
    );
    expect(functions).toHaveLength(functionFolders.length + 1);
    const consumer = functions.find(
      ({ Properties }) => 'RINGBEARER_FUNCTION' in (Properties.Environment?.Variables ?? {}),
    );
    expect(Object.keys(consumer?.Properties.Environment?.Variables ?? {})).toEqual([
      'RINGBEARER_FUNCTION',
      'RINGBEARER_URL',
    ]);
    const assets = globSync('asset.*/index.mjs', { cwd: outdir });
    expect(assets).toHaveLength(functionFolders.length);
    for (const asset of assets) {
      const url = new URL(join(outdir, asset), 'file:');
      const loaded = await evaluate(
        process.execPath,
        `console.log(typeof (await import('${url}')).handler)`,
        {
          AWS_REGION: 'eu-west-1',
          RINGBEARER_TABLE: 'table',
          RINGBEARER_APPS_SECRET: 'secret',
          RINGBEARER_CONNECT_URL: 'https://connect.example',
          RINGBEARER_CONNECT_FUNCTION: 'function',
          POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
          POWERTOOLS_SERVICE_NAME: 'test',
        },
      );
      expect(loaded.trim()).toBe('function');
    }
  });
});

describe('a bundle', () => {
  it('is the same each time it is built, so that nothing is deployed anew without a change', () => {
    for (const name of functionFolders) {
      const file = `dist/functions/${name}/index.mjs`;
      expect(read(file)).toBe(readFileSync(join(root, file), 'utf8'));
      expect(statSync(join(project.packageFolder, file)).size).toBeLessThan(2_000_000);
    }
  });
});
