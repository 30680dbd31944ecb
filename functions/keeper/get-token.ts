/** Serving a token: from the record while its promise lasts, after a refresh otherwise. */
import { isFlowCode, isMisconfiguration } from '../domain/answer.ts';
import { nextChore } from '../domain/attend.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import { decideServe, type Request, type ServeDecision } from '../domain/serve.ts';
import { type Context, momentOf, type NotDone } from './attempt.ts';
import { grantNotFound, KeeperError } from './errors.ts';
import { type RefreshOutcome, refresh } from './refresh.ts';
import { tend } from './tend.ts';

/** An access token and what is promised of it. Times are epoch milliseconds. */
export type ServedToken = {
  readonly grantId: string;
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAt: number;
  /** Until then the keeper does not replace this token by itself; after it, ask again. */
  readonly cacheUntil: number;
  readonly generation: number;
  readonly scope?: string;
  readonly server: string;
};

const shortestPauseMs = 50;
const longestPauseMs = 500;
/** Enough for a replay and the refresh after it; more would mean that the tokens are dead on arrival. */
const maxRefreshes = 2;
const maxRounds = 200;

const serve = (grant: Grant): ServedToken => {
  const { grantId, tokens, cacheUntil, generation, server } = grant;
  if (tokens === undefined) throw new Error('a grant without tokens is never servable');
  const { accessToken, tokenType, accessExpiresAt: expiresAt, scope } = tokens;
  return {
    grantId,
    accessToken,
    tokenType,
    expiresAt,
    cacheUntil,
    generation,
    ...(scope !== undefined && { scope }),
    server,
  };
};

/** What is wrong, where it is not the provider that said so. */
const misconfigurations: Readonly<Record<string, string>> = {
  'app-unknown':
    "This grant's app is not in the apps secret. Add it again, or connect the account for another app.",
  'app-mismatch':
    "This grant's app has another client id or server in the apps secret than its tokens were issued under.",
  'apps-unreadable': 'The apps secret cannot be read at the moment. Check it, and the permission to read it.',
  'credential-unknown': "This grant's credential is not in the JWT secret. Add it again.",
  'credential-mismatch': "This grant's credential is another app's in the JWT secret than the grant's own.",
  'credentials-unreadable':
    'The JWT secret cannot be read at the moment. Check it, and the permission to read it.',
};

const mendingOf = (code: string): string => {
  if (isFlowCode(code))
    return `RingCentral does not let this grant's app ask for tokens in this way (${code}). Allow it in its settings there.`;
  return (
    misconfigurations[code] ??
    `The provider refuses this grant's app (${code}). Check its client id, secret and server in the apps secret.`
  );
};

const unavailable = (code: string | undefined, retryAfterMs: number): KeeperError =>
  code !== undefined && isMisconfiguration(code)
    ? new KeeperError('misconfigured', mendingOf(code), retryAfterMs)
    : new KeeperError(
        'provider-unavailable',
        `The provider cannot be asked now (${code ?? 'on hold'}).`,
        retryAfterMs,
      );

const pending = (retryAfterMs: number): KeeperError =>
  new KeeperError('refresh-pending', 'A refresh of this grant is under way.', retryAfterMs);

const remedyOf = (code: string | undefined): string =>
  code === 'credential-refused'
    ? "The grant's JWT credential is refused, or another user's. Put a good one into the JWT secret and reinstate the grant."
    : `The account's owner must authorise again (${code ?? 'refused by the provider'}).`;

const refusal = (decision: ServeDecision, now: number): KeeperError | undefined => {
  switch (decision.kind) {
    case 'revoked':
      return new KeeperError('grant-revoked', 'The grant was revoked. Connect the account again to use it.');
    case 'reauthorize':
      return new KeeperError('reauthorization-required', remedyOf(decision.code));
    case 'limited':
      return new KeeperError(
        'refresh-limited',
        'This token was reported as rejected too soon or too often. If it is refused while fresh, the fault is not its age: check the request and its permissions.',
        decision.until - now,
      );
    case 'unavailable':
      return unavailable(decision.code, decision.until - now);
    default:
      return undefined;
  }
};

const unlessNotDone = (outcome: RefreshOutcome | NotDone, now: number): Stored<Grant> | undefined => {
  switch (outcome.kind) {
    case 'refreshed':
      return outcome.stored;
    case 'held':
    case 'misconfigured':
      throw unavailable(outcome.code, outcome.until - now);
    case 'no-time':
      throw pending(1000);
    case 'refused':
    case 'superseded':
      return undefined;
  }
};

/** Waits a little longer each time, until the budget is spent. */
const createPatience = ({ clock, settings }: Context, deadlineAt: number) => {
  const waitUntil = Math.min(clock.now() + settings.waitBudgetMs, deadlineAt - settings.commitBudgetMs / 2);
  let pauseMs = shortestPauseMs;
  return async (until: number): Promise<void> => {
    if (clock.now() + pauseMs > waitUntil) throw pending(Math.max(until - clock.now(), 1000));
    await clock.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  };
};

/**
 * Throws {@link KeeperError}: `grant-not-found`, `reauthorization-required`, `grant-revoked`, `refresh-limited`, `refresh-pending`,
 * `provider-unavailable`, `misconfigured`. `deadlineAt`: when the invocation ends.
 */
export const getToken = async (
  context: Context,
  grantId: string,
  request: Request,
  deadlineAt: number,
): Promise<ServedToken> => {
  const wait = createPatience(context, deadlineAt);
  let refreshesLeft = maxRefreshes;

  /** Does what the decision asks for, and returns the record where it is known afterwards. */
  const proceed = async (
    decision: ServeDecision,
    stored: Stored<Grant>,
  ): Promise<Stored<Grant> | undefined> => {
    const { clock } = context;
    switch (decision.kind) {
      case 'tend':
        return tendOrGiveUp(context, stored);
      case 'wait':
        await wait(decision.until);
        return undefined;
      case 'refresh': {
        if (refreshesLeft === 0) throw pending(longestPauseMs);
        const outcome = await refresh(context, stored, decision.reason, deadlineAt);
        if (outcome.kind === 'refreshed') refreshesLeft -= 1;
        if (outcome.kind === 'superseded') await wait(clock.now());
        return unlessNotDone(outcome, clock.now());
      }
      default:
        throw refusal(decision, clock.now()) ?? pending(longestPauseMs);
    }
  };

  let known: Stored<Grant> | undefined;
  for (let round = 0; round < maxRounds; round += 1) {
    const stored = known ?? (await context.store.grants.get(grantId));
    if (stored === undefined) throw grantNotFound();
    const decision = decideServe(stored.value, request, momentOf(context));
    if (decision.kind === 'serve') return serve(stored.value);
    known = await proceed(decision, stored);
  }
  throw pending(longestPauseMs);
};

/** Whatever the due time says: who waits for a chore has it done when it is due. */
const tendOrGiveUp = async (context: Context, stored: Stored<Grant>): Promise<Stored<Grant>> => {
  const chore = nextChore(stored.value, momentOf(context));
  const after = chore === undefined ? stored : await tend(context, stored, chore);
  // A chore that changes nothing now would change nothing in the next round either.
  if (after.nonce === stored.nonce) throw pending(1000);
  return after;
};
