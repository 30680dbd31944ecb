/** The command line as people use it: a process of its own, in a pipe or in a terminal. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type LocalRun, startLocalRun } from '../../sandbox/local-run.ts';
import { compressed } from '../../sandbox/pace.ts';
import type { TokenResponse } from '../../sandbox/ringcentral/index.ts';
import { node, root } from '../local-run/process.ts';

export type Outcome = {
  /** Null: ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type Options = {
  /** What comes on stdin, which then ends. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Nothing of the machine that the tests run on: no colours, no AWS. */
const environment = (extra: Options['env'] = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  TERM: 'xterm',
  ...extra,
});

/** Everything that any command printed, but for those that were asked for a token. */
export const printed: string[] = [];

const remember = (args: readonly string[], { stdout, stderr }: Outcome): void => {
  printed.push(stderr);
  if (!args.includes('token')) printed.push(stdout);
};

export const spawnCli = (args: readonly string[], env?: Options['env']): ChildProcess =>
  spawn(node, ['cli/main.ts', ...args], { cwd: root, env: environment(env) });

/** Until it has ended. */
export const outcomeOf = async (child: ChildProcess): Promise<Outcome> => {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', chunk => {
      text[name] += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, ...text };
};

export const cli = async (args: readonly string[], { input, env }: Options = {}): Promise<Outcome> => {
  const child = spawnCli(args, env);
  child.stdin?.on('error', () => {}).end(input);
  const outcome = await outcomeOf(child);
  remember(args, outcome);
  return outcome;
};

/** util-linux's `script` gives a process a terminal. */
export const hasTerminal = /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '');

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export type InTerminal = {
  readonly child: ChildProcess;
  /** Everything on the screen so far, escape sequences and all. */
  readonly screen: () => string;
  readonly shows: (pattern: RegExp) => Promise<void>;
  readonly type: (text: string) => void;
  /** The exit code. */
  readonly ended: () => Promise<number | null>;
};

export const inTerminal = (args: readonly string[], env?: Options['env']): InTerminal => {
  const command = [node, 'cli/main.ts', ...args].map(quoted).join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: root, env: environment(env) });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    screen += chunk;
  });
  const closed = once(child, 'close');
  return {
    child,
    screen: () => screen,
    shows: async pattern => {
      while (!pattern.test(screen)) {
        if (child.exitCode !== null) throw new Error(`ended without ${pattern}:\n${screen}`);
        await Promise.race([once(child.stdout, 'data'), closed]);
      }
    },
    type: text => void child.stdin.write(text),
    ended: async () => {
      await closed;
      if (!args.includes('token')) printed.push(screen);
      return child.exitCode;
    },
  };
};

export type Local = {
  readonly run: LocalRun;
  /** `--local URL`, after the arguments. */
  ask(...args: string[]): Promise<Outcome>;
  /** The same, its stdout read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
  askJson(...args: string[]): Promise<any>;
  authorize(ownerId: string): TokenResponse;
  /** Imports what a user authorised, without the command line. */
  connect(grantId: string, ownerId: string, extra?: object): Promise<TokenResponse>;
  close(): Promise<void>;
};

/** A local run without sweeps: they come when a test asks for one. */
export const startLocal = async (): Promise<Local> => {
  const ignore = () => {};
  const observer = {
    onLine: ignore,
    onDeath: ignore,
    onServed: ignore,
    onEvent: ignore,
    onProvider: ignore,
  };
  const run = await startLocalRun({ port: 0, pace: compressed }, observer);
  const authorize = (ownerId: string) => run.simulator.provider.authorize(ownerId, 'demonstration-app_1');
  const local: Local = {
    run,
    ask: (...args) => cli([...args, '--local', run.url]),
    askJson: async (...args) => JSON.parse((await local.ask(...args, '--json')).stdout),
    authorize,
    connect: async (grantId, ownerId, extra = {}) => {
      const response = authorize(ownerId);
      const event = { action: 'putGrant', grantId, body: { ...response, ...extra } };
      const answer = (await run.api.invoke(event, 'admin')) as { ok: boolean };
      if (!answer.ok) throw new Error(JSON.stringify(answer));
      return response;
    },
    close: () => run.close(),
  };
  return local;
};

/** Every token and secret that the simulated RingCentral knows. */
export const secretsOf = ({ run }: Local): string[] => {
  const { sessions, clientSecrets } = run.simulator.provider.snapshot();
  return [
    ...Object.values(clientSecrets),
    ...sessions.flatMap(({ tokens, spent, formerAccess }) => [
      tokens.accessToken,
      ...(tokens.refreshToken === undefined ? [] : [tokens.refreshToken]),
      ...[...spent, ...formerAccess].map(({ token }) => token),
    ]),
  ];
};
