/** Writes of an end: of a grant that is revoked, and of sessions that no grant lives by. */
import { attemptIsLive, canBeSameSession, type Grant, type RetiredToken } from './grant.ts';
import { stepEnd } from './hold.ts';
import { bounded, retiredToken } from './retired.ts';
import { present, type TokenResponse, tokensEndAt, toTokens } from './tokens.ts';
import { deleteAt, isHeld, type Moment, without, written } from './write.ts';

const takeAttempt = (grant: Grant, attemptId: string, { now, settings }: Moment): Grant | undefined =>
  isHeld(grant, now) || attemptIsLive(grant, now)
    ? undefined
    : { ...grant, attempt: { id: attemptId, endsAt: now + settings.leaseMs }, updatedAt: now };

/** Takes the attempt for telling the provider of a revocation: of this generation, not of one that is over. */
export const beginRevocation = (
  grant: Grant,
  generation: number,
  attemptId: string,
  moment: Moment,
): Grant | undefined =>
  grant.state === 'revoking' && grant.generation === generation
    ? takeAttempt(grant, attemptId, moment)
    : undefined;

/** Takes the attempt for ending retired sessions: no refresh is sent, so the stored token stays servable. */
export const beginRetired = (grant: Grant, attemptId: string, moment: Moment): Grant | undefined =>
  grant.retired.some(({ expiresAt }) => expiresAt > moment.now)
    ? takeAttempt(grant, attemptId, moment)
    : undefined;

/** Withdraws the token material first: from here on nobody is served, and no refresh under way can be committed. */
export const revoke = (grant: Grant, moment: Moment): Grant | undefined =>
  grant.state === 'active' || grant.state === 'reauthorize'
    ? written(
        {
          ...without(grant, 'refusal', 'refreshAt', 'announcement', 'condemnedAt', 'lastError'),
          state: 'revoking',
          generation: grant.generation + 1,
          cacheUntil: 0,
          failures: 0,
        },
        moment,
      )
    : undefined;

/** The session is over upstream, or every token of it has expired. */
export const revoked = (grant: Grant, generation: number, moment: Moment): Grant | undefined =>
  grant.state === 'revoking' && grant.generation === generation
    ? written(
        {
          ...without(grant, 'tokens', 'attempt', 'sent', 'lastError', 'mustMint'),
          state: 'revoked',
          announcement: 'Grant Revoked',
          deleteAt: deleteAt(moment),
        },
        moment,
      )
    : undefined;

/**
 * Keeps token material that came too late to be stored, so that the sweep can end its session, and gives the attempt back if it is
 * still this one's. Never material that can belong to the session the grant lives by.
 */
export const retire = (
  grant: Grant,
  lost: {
    readonly grant: Grant;
    readonly attemptId: string;
    readonly mint?: true;
    readonly response: TokenResponse;
    readonly sentAt: number;
  },
  moment: Moment,
): Grant | undefined => {
  const session = present({ sessionId: lost.response.sessionId });
  const identity = lost.mint
    ? { ...without(lost.grant, 'sessionId'), startedBy: lost.attemptId, ...session }
    : { ...lost.grant, ...session };
  const lives = grant.state === 'active' || grant.state === 'reauthorize';
  if (lives && canBeSameSession(grant, identity)) return undefined;
  const tokens = toTokens(lost.response, lost.sentAt, undefined, moment.settings);
  const token = tokens.refreshToken ?? tokens.accessToken;
  // The token that bought it is spent: with what it bought the session can be ended at once.
  const spent = lost.mint ? undefined : lost.grant.tokens?.refreshToken;
  const others = grant.retired.filter(known => known.token !== spent);
  // What is known of a token already, that it may be spent above all, stays known.
  const isKnown = others.some(known => known.token === token);
  const entry = retiredToken(identity, token, tokensEndAt(tokens));
  const mine = grant.attempt?.id === lost.attemptId;
  // What the refresh bought is in hand: its outcome is not unknown any more.
  const rest = mine ? without(grant, 'attempt', 'sent') : grant;
  return written({ ...rest, retired: bounded(isKnown ? others : [...others, entry], moment.now) }, moment);
};

/** Keeps a session's token that may not be stored as the grant's own, so that the sweep can end it. */
export const retireSession = (grant: Grant, entry: RetiredToken, moment: Moment): Grant =>
  written(
    {
      ...grant,
      retired: bounded([...grant.retired.filter(({ token }) => token !== entry.token), entry], moment.now),
    },
    moment,
  );

/** How the tries to end retired sessions went, by token, and until when the provider demanded silence. */
export type Endings = {
  readonly ended: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly silentUntil?: number;
};

/** Forgets retired tokens whose sessions are over, puts off those that failed, and gives the attempt back. */
export const settleRetired = (
  grant: Grant,
  attemptId: string,
  { ended, failed, silentUntil }: Endings,
  moment: Moment,
): Grant => {
  const { now, settings } = moment;
  const putOff = (retired: RetiredToken): RetiredToken => {
    const { failures = 0 } = retired;
    return failed.has(retired.token)
      ? { ...retired, failures: failures + 1, retryAt: stepEnd(failures, now, settings) }
      : retired;
  };
  const retired = grant.retired
    .filter(({ token, expiresAt }) => !ended.has(token) && expiresAt > now)
    .map(putOff);
  const mine = grant.attempt?.id === attemptId;
  const held = silentUntil !== undefined && { holdUntil: Math.max(grant.holdUntil ?? 0, silentUntil) };
  return written({ ...(mine ? without(grant, 'attempt') : grant), ...held, retired }, moment);
};
