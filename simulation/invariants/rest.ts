/** What must be true once faults have stopped, everybody has gone on, and the stated bound has passed. */
import type { Grant } from '../../functions/domain/grant.ts';
import type { Settings } from '../../functions/domain/settings.ts';
import { type Evidence, wasHeldUp } from './evidence.ts';
import { excuseOf } from './sessions.ts';

const overdueMs = (settings: Settings): number => 2 * settings.sweepIntervalMs + settings.leaseMs;

const unfinished = (grant: Grant, now: number, settings: Settings): string | undefined => {
  if (grant.dueAt !== undefined && grant.dueAt < now - overdueMs(settings)) return 'is overdue';
  if (grant.state === 'revoking') return 'is still to be revoked upstream';
  const longAgo = now - overdueMs(settings);
  if (grant.announcement !== undefined && grant.updatedAt < longAgo) return 'has an event that was not sent';
  if (grant.refusal !== undefined && grant.refusal.at < longAgo) return 'waits for its verdict';
  if (grant.state === 'active' && !grant.claimed) return 'waits for its claim';
  if (grant.sent !== undefined && grant.sent.at < longAgo && grant.state === 'active')
    return 'has an unanswered refresh';
  if (grant.retired.length > 0) return 'has retired tokens left';
  return undefined;
};

export const judgeRest = (grant: Grant, evidence: Evidence): void => {
  const { violate, count, now, provider, scenario } = evidence;
  const left = unfinished(grant, now(), scenario.settings);
  if (left !== undefined && wasHeldUp(grant.app, evidence))
    count('left for later: its app was held as a whole');
  else if (left !== undefined) violate('every due grant is dealt with', `${grant.grantId} ${left}`);
  const token = grant.tokens?.refreshToken;
  // Of a grant with a credential it may be dead: another one follows when that is noticed.
  if (grant.state !== 'active' || token === undefined || grant.credential !== undefined) return;
  // A verdict was judged when it was passed.
  const wasJudged = grant.condemnedAt !== undefined || evidence.liedAbout.has(token);
  if (!wasJudged && !provider.canRefresh(token, now()) && excuseOf(grant, evidence) === undefined) {
    violate('no token is ever lost', `${grant.grantId} is active with a token that works no more`);
  }
};

/** Why a healthy caller may be turned away at rest; undefined: it may not. */
const excuseOfSilence = (grant: Grant, outcome: string, evidence: Evidence): string | undefined => {
  const limited = outcome === 'provider-unavailable' && evidence.scenario.provider.rateLimitScope !== 'off';
  if (wasHeldUp(grant.app, evidence)) return 'its app was held as a whole';
  if (limited) return 'the provider’s rate limit';
  // A refusal, its verdict, a mint and a refresh may take longer than a caller waits.
  return grant.credential !== undefined && outcome === 'refresh-pending' ? 'about to be minted' : undefined;
};

const judgeServed = (grant: Grant, token: string | undefined, evidence: Evidence): void => {
  const { violate, provider, now } = evidence;
  const end = token === undefined ? undefined : provider.endOf(token);
  // By its owner who authorised once more, before it was imported, or by a request that came too late: it is not the keeper's refresh.
  const superseded =
    end?.reason === 'superseded' &&
    (evidence.authorisedAt.has(end.at) || evidence.lateRotationAt.has(end.at) || end.at < grant.connectedAt);
  const accepted = token !== undefined && provider.use(token, now());
  if (!accepted && !superseded)
    violate('no token is ever lost', `${grant.grantId}: a token was served at rest that does not work`);
};

/** What a healthy caller was told at rest. A grant of a credential is excused by the end of a session only as long as its token is promised. */
export const judgeTrial = (
  grant: Grant,
  outcome: string,
  token: string | undefined,
  evidence: Evidence,
): void => {
  const served = outcome === 'served';
  const mintsAgain = grant.credential !== undefined && !served;
  if (grant.state !== 'active' || (!mintsAgain && excuseOf(grant, evidence) !== undefined)) return;
  if (served) {
    judgeServed(grant, token, evidence);
    return;
  }
  const excuse = excuseOfSilence(grant, outcome, evidence);
  if (excuse !== undefined) evidence.count(`not served at rest: ${excuse}`);
  else evidence.violate('no token is ever lost', `${grant.grantId} is not served at rest: ${outcome}`);
};
