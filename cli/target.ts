/** Which Ringbearer is meant: a deployed stack, or the local run. Pure. */
import { usage } from './failure.ts';

export type TargetOptions = {
  readonly local?: string | true;
  readonly stack?: string;
  readonly profile?: string;
  readonly region?: string;
};

export type StackTarget = {
  readonly kind: 'stack';
  readonly stack: string;
  readonly profile?: string;
  /** Absent: what the AWS SDK finds. */
  readonly region?: string;
};

export type Target = StackTarget | { readonly kind: 'local'; readonly url: string };

export const defaultStack = 'Ringbearer';
export const defaultLocalUrl = 'http://127.0.0.1:4000';

const localUrl = (given: string): string => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return given.replace(/\/+$/, '');
  throw usage('--local takes the URL that `npm start` printed, such as http://127.0.0.1:4000.');
};

/** `AWS_DEFAULT_REGION` is the AWS CLI's own; the SDK knows only `AWS_REGION`. */
export const targetOf = (options: TargetOptions, variables: NodeJS.ProcessEnv): Target => {
  const { local, stack, profile, region } = options;
  if (local !== undefined) {
    const stranger = (
      [
        ['stack', stack],
        ['profile', profile],
        ['region', region],
      ] as const
    ).find(([, value]) => value !== undefined);
    if (stranger !== undefined) throw usage(`--local and --${stranger[0]} exclude each other.`);
    return { kind: 'local', url: local === true ? defaultLocalUrl : localUrl(local) };
  }
  const wanted = region ?? (variables.AWS_REGION || variables.AWS_DEFAULT_REGION || undefined);
  return {
    kind: 'stack',
    stack: stack ?? defaultStack,
    ...(profile !== undefined && { profile }),
    ...(wanted !== undefined && { region: wanted }),
  };
};

/** `--local` takes a URL or nothing: what follows it and is no URL is the command, or a command's argument. */
export const fillLocal = (args: readonly string[]): string[] => {
  const end = args.indexOf('--');
  return args.map((arg, index) => {
    if (arg !== '--local' || (end !== -1 && index > end)) return arg;
    return /^https?:/i.test(args[index + 1] ?? '') ? arg : `--local=${defaultLocalUrl}`;
  });
};
