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
  if (grant.state !== 'active' || token === undefined) return;
  // A verdict was judged when it was passed.
  const wasJudged = grant.condemnedAt !== undefined || evidence.liedAbout.has(token);
  if (!wasJudged && !provider.canRefresh(token, now()) && excuseOf(grant, evidence) === undefined) {
    violate('no token is ever lost', `${grant.grantId} is active with a token that works no more`);
  }
};

/** What a healthy caller was told at rest. */
export const judgeTrial = (
  grant: Grant,
  outcome: string,
  token: string | undefined,
  evidence: Evidence,
): void => {
  const { violate, count, scenario, provider, now } = evidence;
  if (grant.state !== 'active' || excuseOf(grant, evidence) !== undefined) return;
  const end = token === undefined ? undefined : provider.endOf(token);
  // By its owner who authorised once more, before it was imported, or by a request that came too late: it is not the keeper's refresh.
  const superseded =
    end?.reason === 'superseded' &&
    (evidence.authorisedAt.has(end.at) || evidence.lateRotationAt.has(end.at) || end.at < grant.connectedAt);
  const accepted = token !== undefined && provider.use(token, now());
  if (outcome === 'served' && !accepted && !superseded)
    violate('no token is ever lost', `${grant.grantId}: a token was served at rest that does not work`);
  if (outcome === 'served') return;
  const limited = outcome === 'provider-unavailable' && scenario.provider.rateLimitScope !== 'off';
  if (wasHeldUp(grant.app, evidence)) count('not served at rest: its app was held as a whole');
  else if (limited) count('not served at rest: the provider’s rate limit');
  else violate('no token is ever lost', `${grant.grantId} is not served at rest: ${outcome}`);
};
