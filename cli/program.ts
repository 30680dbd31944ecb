/** The commands, their options and their help. Each command's code is loaded when it runs. */
import { Argument, Command, Option } from 'commander';
import { grantStates, strategies } from '../functions/domain/grant.ts';
import packageJson from '../package.json' with { type: 'json' };
import { isGrantId, seconds, wholeNumber } from './arguments.ts';
import { shells } from './completion.ts';
import { type ExitCode, usage } from './failure.ts';
import { mostGrants } from './listing.ts';
import type { GlobalOptions, Session } from './session.ts';
import { defaultLocalUrl, defaultStack } from './target.ts';

const help = `
Exit codes:
  0    done; for doctor: no problem found
  1    it failed; for doctor: a problem was found
  2    the command line is wrong
  3    the account's owner must authorise again
  4    not now: try again later
  130  ended by Ctrl-C

Results go to stdout, everything else to stderr. Colours follow NO_COLOR, FORCE_COLOR and whether the output is a terminal.
No secret is taken as an argument, and only \`token\` prints one.`;

/** Runs a command; what it returns is the exit code, 0 by default. */
type Run = (session: Session, ...args: never[]) => Promise<ExitCode> | Promise<void>;

export type Program = { readonly command: Command; readonly exitCode: () => ExitCode };

const generation = wholeNumber(1, Number.MAX_SAFE_INTEGER);
const grantArgument = () => new Argument('<grantId>', 'id of the grant');
const appOption = () =>
  new Option('--app <name>', 'RingCentral app; may be left out where there is only one');
const strategyOption = () =>
  new Option(
    '--strategy <strategy>',
    'refresh before the refresh token dies (weekly) or before each access token does (hourly)',
  ).choices(strategies);
const labelOption = () => new Option('--label <text>', 'what people call the account');

const checkGrantId = (first: unknown): void => {
  if (typeof first !== 'string' || isGrantId(first)) return;
  throw usage(
    'That is no grant id.',
    'It has 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : @ -, the first a letter, a digit or _.',
  );
};

type Adding = (name: string, description: string, load: () => Promise<Run>) => Command;

const addConnecting = (add: Adding): void => {
  add(
    'connect',
    'make a link with which an account is connected, and wait until it is',
    async () => (await import('./commands/connect.ts')).connect,
  )
    .addArgument(grantArgument())
    .addOption(appOption())
    .addOption(strategyOption())
    .addOption(labelOption())
    .option('--access-token-ttl <seconds>', 'lifetime to ask of access tokens', wholeNumber(600, 3600))
    .option(
      '--refresh-token-ttl <seconds>',
      'lifetime to ask of refresh tokens; 0: none is kept',
      wholeNumber(0, 1e9),
    )
    .option('--return-to <url>', 'where the browser goes afterwards: one of the URLs that the stack allows')
    .option('--allow-owner-change', 'another RingCentral user may take the place of the one connected now')
    .option('--expires-in <seconds>', 'how long the link lives', wholeNumber(60, 86_400))
    .option('--open', 'open the link in the browser here')
    .option('--no-wait', 'print the link and end')
    .option('--credential <name>', 'no link: mint tokens from this JWT credential, server to server')
    .option('--replace <generation>', 'with --credential: replace the tokens of this generation', generation);
  add(
    'import',
    'put in the token response of a login flow of your own, as RingCentral sent it',
    async () => (await import('./commands/import.ts')).importGrant,
  )
    .addArgument(grantArgument())
    .argument('[file]', 'JSON file; - is stdin', '-')
    .addOption(appOption())
    .addOption(strategyOption())
    .addOption(labelOption())
    .option('--obtained-at <time>', 'when it was received, if that is a while ago; ISO 8601')
    .option('--replace <generation>', 'replace the tokens of this generation', generation);
};

const addLooking = (add: Adding): void => {
  add('list', 'list the grants', async () => (await import('./commands/list.ts')).list)
    .addOption(new Option('--state <state>', 'only these').choices(grantStates))
    .option('--limit <count>', 'at most so many', wholeNumber(1, 1_000_000), mostGrants);
  add(
    'show',
    'show everything about a grant but its secrets',
    async () => (await import('./commands/show.ts')).show,
  ).addArgument(grantArgument());
  add(
    'watch',
    'watch the grants: a picture in a terminal, a line for each change in a pipe',
    async () => (await import('./commands/watch.ts')).watch,
  ).option('--interval <seconds>', 'time between two looks', seconds, 5);
};

const addActing = (add: Adding): void => {
  add(
    'token',
    'print a valid access token, and nothing else: curl -H "authorization: Bearer $(ringbearer token acme:101)"',
    async () => (await import('./commands/token.ts')).token,
  )
    .addArgument(grantArgument())
    .option('--min-ttl <seconds>', 'it lives at least so long', wholeNumber(0, 900));
  add(
    'refresh',
    'have a token renewed now, by reporting the current one as rejected; that one is dead then, wherever it is cached',
    async () => (await import('./commands/refresh.ts')).refresh,
  ).addArgument(grantArgument());
  add(
    'revoke',
    'revoke a grant: its session at RingCentral ends',
    async () => (await import('./commands/revoke.ts')).revoke,
  )
    .addArgument(grantArgument())
    .option('-y, --yes', 'do not ask');
  add(
    'reinstate',
    'try the stored tokens of a grant in `reauthorize` again',
    async () => (await import('./commands/reinstate.ts')).reinstate,
  ).addArgument(grantArgument());
  add(
    'sweep',
    'look after everything that is due, now',
    async () => (await import('./commands/sweep.ts')).sweep,
  ).option('--dry-run', 'say what would be done, and do nothing');
  add(
    'doctor',
    'find what is wrong, and say how to mend it',
    async () => (await import('./commands/doctor.ts')).doctor,
  )
    .option('--no-probe', 'ask RingCentral nothing: judge by what is stored')
    .addOption(
      new Option(
        '--rate-limit-scope <scope>',
        'what the Auth limit counts by; by default as the stack is set',
      ).choices(['grant', 'app']),
    );
};

/** `print`: for what is no command's result. */
export const createProgram = (print: (text: string) => void): Program => {
  const state: { exitCode: ExitCode } = { exitCode: 0 };
  const program = new Command('ringbearer')
    .description('Connects RingCentral accounts to a deployed Ringbearer, and runs it.')
    .version(packageJson.version)
    .option('--stack <name>', `CloudFormation stack (default: ${defaultStack})`)
    .option('--profile <name>', 'AWS profile, as for the AWS CLI')
    .option('--region <name>', 'AWS region, as for the AWS CLI')
    .option('--local [url]', `the local run instead of AWS (default: ${defaultLocalUrl})`)
    .option('--json', 'results as JSON, errors too; one object in each line')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', help)
    .exitOverride();

  const add: Adding = (name, description, load) =>
    program
      .command(name)
      .description(description)
      .exitOverride()
      .action(async (...args: unknown[]) => {
        const command = args.pop() as Command;
        checkGrantId(command.registeredArguments[0]?.name() === 'grantId' ? args[0] : undefined);
        const { openSession } = await import('./session.ts');
        const [run, session] = await Promise.all([load(), openSession(program.opts<GlobalOptions>())]);
        state.exitCode = (await run(session, ...(args as never[]))) ?? 0;
      });
  addConnecting(add);
  addLooking(add);
  addActing(add);
  program
    .command('completion')
    .description('print a script that completes this command line: eval "$(ringbearer completion bash)"')
    .addArgument(new Argument('<shell>').choices(shells))
    .exitOverride()
    .action(async (shell: (typeof shells)[number]) => {
      const { completionScript } = await import('./completion.ts');
      print(completionScript(shell, program));
    });
  return { command: program, exitCode: () => state.exitCode };
};
