/** A change of a record in one line, without tokens' bodies. */
import type { Grant } from '../../functions/domain/grant.ts';
import { since } from '../engine/timeline.ts';

const shown = (grant: Grant, startAt: number): Record<string, string> => {
  const time = (ms: number | undefined): string => (ms === undefined ? '-' : since(ms, startAt));
  return {
    state: grant.state,
    connection: grant.connectionId,
    generation: String(grant.generation),
    access: grant.tokens?.accessToken ?? '-',
    refresh: grant.tokens?.refreshToken ?? '-',
    promised: time(grant.cacheUntil),
    refreshAt: time(grant.refreshAt),
    due: time(grant.dueAt),
    attempt: grant.attempt === undefined ? '-' : `${grant.attempt.id} until ${time(grant.attempt.endsAt)}`,
    sent: grant.sent === undefined ? '-' : `${time(grant.sent.at)} by ${grant.sent.by}`,
    hold: time(grant.holdUntil),
    refusal: grant.refusal === undefined ? '-' : `${grant.refusal.code} at ${time(grant.refusal.at)}`,
    minted: `${time(grant.mintedAt)}${grant.mustMint ? ' (must)' : ''}`,
    claimed: String(grant.claimed),
    announcement: grant.announcement ?? '-',
    retired: grant.retired
      .map(
        ({ token, maybeSpent, retryAt }) => `${token}${maybeSpent ? ' (maybe spent)' : ''} ${time(retryAt)}`,
      )
      .join(', '),
    failures: String(grant.failures),
  };
};

export const describeChange = (before: Grant | undefined, after: Grant, startAt: number): string => {
  const now = shown(after, startAt);
  const then = before === undefined ? {} : shown(before, startAt);
  const changes = Object.entries(now)
    .filter(([name, value]) => (then as Record<string, string>)[name] !== value)
    .map(([name, value]) => `${name} ${value}`);
  return `${after.grantId}: ${changes.join('; ') || 'nothing'}`;
};
