/** What no write may do to a record, whoever makes it. */
import { heldUntil } from '../../functions/domain/app.ts';
import type { Grant, GrantState } from '../../functions/domain/grant.ts';
import { maxRetiredTokens } from '../../functions/domain/grant.ts';
import { mintAllowedAt } from '../../functions/domain/mint.ts';
import type { Evidence } from './evidence.ts';

const successors: Readonly<Record<GrantState, readonly GrantState[]>> = {
  active: ['active', 'reauthorize', 'revoking', 'revoked'],
  reauthorize: ['reauthorize', 'active', 'revoking'],
  revoking: ['revoking', 'revoked'],
  revoked: ['revoked'],
};

type Check = (before: Grant, after: Grant, evidence: Evidence) => string | undefined;

const withinConnection: Readonly<Record<string, Check>> = {
  'revoke wins': (before, after) => {
    if (!successors[before.state].includes(after.state)) return `${before.state} became ${after.state}`;
    const withdrawn = before.state !== 'revoking' && after.state === 'revoking';
    return withdrawn && after.generation === before.generation
      ? 'a revocation left the generation as it was'
      : undefined;
  },

  'fenced by the generation': (before, after) => {
    const replaced = after.tokens !== undefined && after.tokens.accessToken !== before.tokens?.accessToken;
    if (after.generation < before.generation) return 'the generation went back';
    if (replaced && after.generation !== before.generation + 1)
      return 'tokens were replaced within a generation';
    return after.generation > before.generation + 1 ? 'a generation was left out' : undefined;
  },

  'sent stays until the outcome is known': (before, after, { provider }) => {
    const token = before.tokens?.refreshToken;
    const dropped =
      before.sent !== undefined &&
      // A mint spends nothing.
      before.mustMint === undefined &&
      // A verdict was judged when it was passed; what was reinstated after it may be spent.
      before.condemnedAt === undefined &&
      before.absolvedAt === undefined &&
      after.sent === undefined &&
      after.refusal === before.refusal &&
      // What comes too late to be stored is kept elsewhere: its outcome is known.
      after.retired.length <= before.retired.length &&
      after.generation === before.generation &&
      after.tokens === before.tokens;
    if (!dropped || token === undefined) return undefined;
    const session = provider.sessionOf(token);
    const spent = session !== undefined && session.end === undefined && session.refresh !== token;
    return spent ? 'sent was dropped with the token spent' : undefined;
  },

  'an attempt is its holder’s until it ends': (before, after, { now, scenario }) => {
    const { attempt } = before;
    const taken = attempt !== undefined && after.attempt !== undefined && after.attempt.id !== attempt.id;
    return taken && now() + scenario.assumptions.clockSkewMs < attempt.endsAt
      ? 'an attempt was taken from its holder'
      : undefined;
  },
};

const always: Readonly<Record<string, Check>> = {
  'a hold is never cleared early': (before, after, { now, scenario }) => {
    const { holdUntil = 0 } = before;
    const lapsed = holdUntil <= now() + scenario.assumptions.clockSkewMs;
    return !lapsed && (after.holdUntil ?? 0) < holdUntil ? 'a hold was shortened' : undefined;
  },
};

const isScheduled = ({ dueAt, state, tokens, claimed, announcement, retired }: Grant): boolean => {
  const living = state === 'active' && (tokens !== undefined || !claimed);
  return (
    dueAt !== undefined ||
    !(living || state === 'revoking' || announcement !== undefined || retired.length > 0)
  );
};

const isOwned = ({ state, claimed }: Grant): boolean =>
  claimed && (state === 'active' || state === 'reauthorize');

const hasRival = (grant: Grant, { tables }: Evidence): boolean => {
  for (const { value } of tables.grants.all()) {
    const same = value.app === grant.app && value.ownerId === grant.ownerId;
    if (same && value.grantId !== grant.grantId && isOwned(value)) return true;
  }
  return false;
};

/** `sent`, and so a question that only the replay window answers, must not wait for the next regular refresh. */
const isTakenUpSoon = (grant: Grant, evidence: Evidence): boolean => {
  const { app, sent, dueAt = 0, attempt, holdUntil = 0 } = grant;
  const { clockSkewMs } = evidence.scenario.assumptions;
  const standing = evidence.tables.standings.get(app)?.value;
  const appHold = standing === undefined ? 0 : heldUntil(standing);
  const distantAt = mintAllowedAt(grant, evidence.now(), evidence.scenario.settings);
  const latest = Math.max(evidence.now(), attempt?.endsAt ?? 0, holdUntil, appHold, distantAt) + clockSkewMs;
  return sent === undefined || dueAt <= latest + evidence.scenario.settings.sweepIntervalMs;
};

const insideOneConnection = Object.entries({ ...always, ...withinConnection });
const acrossConnections = Object.entries({
  ...always,
  'fenced by the generation': (before: Grant, after: Grant) =>
    after.generation === before.generation + 1
      ? undefined
      : 'a new connection did not raise the generation by one',
});

const judgeChange = (before: Grant, after: Grant, evidence: Evidence): void => {
  const sameConnection = before.connectionId === after.connectionId;
  for (const [invariant, check] of sameConnection ? insideOneConnection : acrossConnections) {
    const wrong = check(before, after, evidence);
    if (wrong !== undefined) evidence.violate(invariant, wrong);
  }
};

export const judgeRecord = (before: Grant | undefined, after: Grant, evidence: Evidence): void => {
  const { violate } = evidence;
  if (before !== undefined) judgeChange(before, after, evidence);
  if (isOwned(after) && hasRival(after, evidence))
    violate('one grant per owner', 'two grants live by one owner');
  if (after.retired.length > maxRetiredTokens) violate('everything is bounded', 'too many retired tokens');
  if (!isScheduled(after)) violate('what is unfinished is due', 'nothing will ever look at this grant again');
  if (after.state === 'active' && !isTakenUpSoon(after, evidence)) {
    violate('what is unfinished is due', 'an unanswered refresh is not taken up soon');
  }
};
