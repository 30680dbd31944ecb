/** Every snippet of the README is run; one of a kind that nobody knows here fails. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseApps } from '../../functions/adapters/apps.ts';
import { parseCredentials } from '../../functions/adapters/credentials.ts';
import { credential } from '../../sandbox/demonstration.ts';
import { type Local, startLocal } from '../cli/cli.ts';
import { node, root } from '../local-run/process.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** Fenced blocks, those within a list too, without their indentation. */
const blocksOf = (language: string): string[] =>
  [...read('README.md').matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , name]) => name === language)
    .map(([, indentation = '', , body = '']) => body.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''));

/** A line that ends in a backslash goes on in the next. */
const shellLines = blocksOf('sh').flatMap(block =>
  block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map(line => line.replace(/ +#.*$/, '').trim())
    .filter(line => line !== ''),
);

let local: Local;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ringbearer-readme-'));
  local = await startLocal();
  await local.connect('acme:101', '1006');
  writeFileSync(join(folder, 'response.json'), JSON.stringify(local.authorize('1005')));
  // A token is not replaced in its first second.
  await new Promise(resolve => setTimeout(resolve, 1100));
});
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true });
});

const variables = () => ({
  PATH: process.env.PATH ?? '',
  HOME: folder,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL_LAMBDA: local.run.url,
  RINGBEARER_FUNCTION: 'ringbearer-api:get',
});

const execute = promisify(execFile);

/** What a person would do is left out, and the local run takes the place of the deployment. */
const adjusted = (line: string): string =>
  line
    .replaceAll('npx ringbearer', `'${node}' '${root}cli/main.ts' --local ${local.run.url}`)
    .replace(/ connect acme:101\b/, ' connect --no-wait acme:101')
    .replace(' revoke ', ' revoke --yes ')
    .replace('--credential jobs', `--credential ${credential.name}`)
    .replace(
      'https://platform.ringcentral.com/restapi/v1.0/account/~',
      '$SIMULATOR/restapi/v1.0/account/~/extension/~',
    )
    .replace('$SIMULATOR', local.run.simulator.url);

const runShell = async (line: string) => {
  const command = adjusted(line);
  const { stdout, stderr } = await execute('sh', ['-c', command], { cwd: folder, env: variables() }).catch(
    error => {
      // The doctor exits with 1 where it has found something.
      if (line.endsWith('doctor') && error.code === 1) return error as { stdout: string; stderr: string };
      throw error;
    },
  );
  return stdout + stderr;
};

const expectScripts = (line: string): void => {
  for (const [, command = '', name = ''] of line.matchAll(/npm (run )?(start|test|[\w:]+)/g)) {
    if (name === 'ci' || name === 'install' || name === 'run') continue;
    expect(manifest.scripts, `${line}: npm ${command}${name}`).toHaveProperty([name]);
  }
};

/** Each kind of line, and how it is tried. Whole commands of npm and cdk are tried by tests of their own. */
const kinds: readonly (readonly [RegExp, (line: string) => unknown])[] = [
  [
    /^npm ci && npx cdk bootstrap && npx cdk deploy$/,
    () => expect(existsSync(join(root, 'cdk.json'))).toBe(true),
  ],
  [/^npm install ringbearer$/, () => expect(manifest.name).toBe('ringbearer')],
  [/^npm /, expectScripts],
  [
    /^aws secretsmanager put-secret-value --secret-id "\$(\w+)" --secret-string file:\/\/\w+\.json$/,
    line => {
      const output = { APPS_SECRET_ARN: 'AppsSecretArn', JWT_SECRET_ARN: 'JwtSecretArn' }[
        /\$(\w+)/.exec(line)?.[1] ?? ''
      ];
      expect(output).toBeDefined();
      expect(read('lib/ringbearer-stack.ts')).toContain(`'${output}'`);
    },
  ],
  [/^bash (\S+)$/, line => expect(existsSync(join(root, line.split(' ')[1] ?? ''))).toBe(true)],
  [
    /npx ringbearer/,
    async line => {
      const printed = await runShell(line);
      expect(printed, line).not.toBe('');
    },
  ],
];

describe('the README', () => {
  it.each(shellLines.map((line, index) => [index + 1, line] as const))(
    'has a shell line %i that works: %s',
    async (_, line) => {
      const kind = kinds.find(([pattern]) => pattern.test(line));
      if (kind === undefined) expect.unreachable(`nobody knows how to try: ${line}`);
      await kind[1](line);
    },
  );

  it('has JSON that is taken', () => {
    const blocks = blocksOf('json');
    expect(blocks.length).toBeGreaterThan(1);
    for (const text of blocks) {
      const block = text.replaceAll('…', 'SECRET');
      const { apps, credentials } = JSON.parse(block);
      if (apps !== undefined) expect(parseApps(block)).toHaveLength(apps.length);
      else if (credentials !== undefined) expect(parseCredentials(block)).toHaveLength(credentials.length);
      else expect.unreachable(`nobody knows how to try: ${block}`);
    }
  });

  it('has no snippets but those that are tried', () => {
    const languages = [...read('README.md').matchAll(/^ *```(\w+)$/gm)].map(([, name]) => name);
    expect([...new Set(languages)].sort()).toEqual(['json', 'sh', 'ts']);
    // Those are compiled against the packed tarball; what of them runs in a function runs below.
    for (const code of blocksOf('ts')) expect(code).toMatch(/from 'ringbearer/);
  });
});

describe('the README’s code, in a function of its own', () => {
  /** A token that is good: the ones before it may have been revoked by the lines above. */
  const grantId = 'acme:readme';
  beforeAll(() => local.connect(grantId, '1004'));

  const runModule = async (code: string, then: string) => {
    const file = join(folder, `snippet-${Math.random()}.ts`);
    const source = code
      .replaceAll("'ringbearer/ringcentral-sdk'", `'${root}client/ringcentral-sdk.ts'`)
      .replaceAll("'ringbearer'", `'${root}client/index.ts'`)
      .replaceAll("'@ringcentral/sdk'", `'${root}node_modules/@ringcentral/sdk/lib/index.js'`)
      .replaceAll('https://platform.ringcentral.com', local.run.simulator.url)
      .replaceAll('/restapi/v1.0/account/~/call-log', '/restapi/v1.0/account/~/extension/~')
      .replaceAll('acme:101', grantId);
    writeFileSync(file, `${source}\n${then}`);
    const { stdout } = await execute(node, [file], { cwd: folder, env: variables() });
    return stdout.trim();
  };
  const snippet = (pattern: RegExp): string =>
    blocksOf('ts').find(code => pattern.test(code)) ?? expect.unreachable(`no snippet with ${pattern}`);

  it('calls RingCentral in three lines', async () => {
    const [code = ''] = blocksOf('ts');
    expect(await runModule(code, 'console.log(response.status)')).toBe('200');
  });

  it('calls RingCentral in a handler, and asks for a new connection where the owner is needed', async () => {
    const code = snippet(/export const handler/);
    const call = (id: string) => `console.log(JSON.stringify(await handler({ grantId: '${id}' })));`;
    expect(JSON.parse(await runModule(code, call(grantId)))).toMatchObject({ status: 'Enabled' });
    await local.connect('acme:ended', '1003');
    local.run.simulator.provider.endSessions('1003');
    // A token is not replaced in its first second.
    await new Promise(resolve => setTimeout(resolve, 1100));
    expect(JSON.parse(await runModule(code, call('acme:ended')))).toEqual({ connect: 'acme:ended' });
  });

  it('shares a session with RingCentral’s SDK', async () => {
    const code = snippet(/sharedSession/);
    const use = `const answer = await platformOf('${grantId}').get('/restapi/v1.0/account/~/extension/~'); console.log(answer.status);`;
    expect(await runModule(code, use)).toBe('200');
  });

  it('is tested without anything of ours', async () => {
    const code = snippet(/transport:/);
    expect(await runModule(code, "console.log((await tokens.get('acme:1')).accessToken)")).toBe('test');
  });
});
