/** What can go wrong for the person at the keyboard, with what to do about it and the exit code. */

export const exitCodes = {
  ok: 0,
  /** It failed, or `doctor` found a problem. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The account's owner must authorise again. */
  ownerNeeded: 3,
  /** Not now: try again later. */
  later: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

type Details = {
  readonly advice?: string;
  readonly exitCode?: ExitCode;
  readonly retryAfterSeconds?: number;
};

export class Failure extends Error {
  override readonly name = 'Failure';
  /** The API's code, AWS's name of the error, or a word of ours. */
  readonly code: string;
  readonly advice: string | undefined;
  readonly exitCode: ExitCode;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, message: string, { advice, exitCode = 1, retryAfterSeconds }: Details = {}) {
    super(message);
    this.code = code;
    this.advice = advice;
    this.exitCode = exitCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const usage = (message: string, advice?: string): Failure =>
  new Failure('usage', message, { exitCode: exitCodes.usage, ...(advice !== undefined && { advice }) });
