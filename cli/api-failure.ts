/** The API's problems as failures: the same code and detail, and what to do in terms of this command line. Pure. */
import type { Problem } from '../functions/api/problems.ts';
import { type ExitCode, exitCodes, Failure } from './failure.ts';

type Meaning = { readonly advice?: (grant: string) => string; readonly exitCode?: ExitCode };

const retry = { exitCode: exitCodes.later };

const meanings: Readonly<Record<string, Meaning>> = {
  'grant-not-found': {
    advice: grant => `\`ringbearer list\` shows the grants; \`ringbearer connect ${grant}\` makes this one.`,
  },
  'reauthorization-required': {
    advice: grant =>
      `Send the owner a new link: \`ringbearer connect ${grant}\`. If RingCentral refused it by a mistake that is mended, \`ringbearer reinstate ${grant}\` tries the old tokens again.`,
    exitCode: exitCodes.ownerNeeded,
  },
  'grant-revoked': {
    advice: grant => `\`ringbearer connect ${grant}\` connects the account again.`,
    exitCode: exitCodes.ownerNeeded,
  },
  'owner-already-connected': {
    advice: () =>
      '`ringbearer list --json` shows which grant has this "ownerId". Use it, or revoke it first.',
  },
  'generation-mismatch': {
    advice: grant =>
      `\`ringbearer show ${grant}\` shows the generation; \`--replace <generation>\` replaces it.`,
  },
  'refresh-limited': {
    advice: () =>
      'The token was renewed a moment ago, or often in the last hour. If calls are still answered 401, it is not its age.',
    ...retry,
  },
  'refresh-pending': { ...retry },
  'provider-unavailable': {
    advice: () => '`ringbearer doctor` says what RingCentral is waiting for, and until when.',
    ...retry,
  },
  misconfigured: { advice: () => '`ringbearer doctor` looks at the apps secret and says what to mend.' },
  forbidden: {
    advice: () => 'The deployed stack is older than this command, or was changed: deploy it again.',
  },
  'internal-error': { advice: () => "Try again. The api function's log in CloudWatch names the error." },
};

/** `grantId`: what it was about. */
export const apiFailure = (problem: Problem, grantId: string | undefined): Failure => {
  const { code, detail, retryAfterSeconds } = problem;
  const { advice, exitCode } = meanings[code] ?? {};
  const wait = retryAfterSeconds === undefined ? [] : [`Ask again in ${retryAfterSeconds} s.`];
  const hints = [...wait, ...(advice === undefined ? [] : [advice(grantId ?? '<grantId>')])];
  return new Failure(code, detail, {
    ...(hints.length > 0 && { advice: hints.join(' ') }),
    ...(exitCode !== undefined && { exitCode }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
};
