/** What the sweep must do next with a grant that the due index named, given the record as just read. */
import { refreshWantedAt } from './due.ts';
import { attemptIsLive, type Grant, isRenewable, retiredIsDue } from './grant.ts';
import { isHeld, type Moment } from './write.ts';

/** Work within the keeper: no call of the provider. */
export type Chore = 'confirm-claim' | 'announce' | 'pass-verdict' | 'expire';

export type Task =
  | { readonly kind: 'chore'; readonly chore: Chore }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'finish-revocation' }
  | { readonly kind: 'end-retired-sessions' }
  /** Somebody else is calling the provider for this grant. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'held' }
  /** The index was behind, or all work is done. */
  | { readonly kind: 'nothing' };

/** What is due now and needs no provider. */
export const nextChore = (grant: Grant, { now, settings }: Moment): Chore | undefined => {
  const active = grant.state === 'active';
  if (active && !grant.claimed) return 'confirm-claim';
  const { refusal, tokens } = grant;
  if (active && refusal !== undefined && now >= refusal.at + settings.verdictDelayMs) return 'pass-verdict';
  const ends = active && tokens !== undefined && !isRenewable(grant);
  if (ends && now >= tokens.accessExpiresAt) return 'expire';
  return grant.announcement === undefined ? undefined : 'announce';
};

type Call = 'refresh' | 'finish-revocation' | 'end-retired-sessions' | 'nothing';

const nextCall = (grant: Grant, { now, settings }: Moment): Call => {
  if (grant.state === 'revoking') return 'finish-revocation';
  if (now >= refreshWantedAt(grant, now, settings)) return 'refresh';
  return grant.retired.some(retired => retiredIsDue(retired, now)) ? 'end-retired-sessions' : 'nothing';
};

/**
 * What is due, most urgent first. `announced`: subscribers were told in this round, or could not be; either way an event never
 * stands before a token.
 */
export const nextTask = (grant: Grant, moment: Moment, announced = false): Task => {
  const { now } = moment;
  if (grant.dueAt === undefined || grant.dueAt > now) return { kind: 'nothing' };
  const chore = nextChore(grant, moment);
  if (chore !== undefined && !(announced && chore === 'announce')) return { kind: 'chore', chore };
  const kind = nextCall(grant, moment);
  if (kind === 'nothing') return { kind };
  if (attemptIsLive(grant, now)) return { kind: 'taken' };
  if (isHeld(grant, now)) return { kind: 'held' };
  return { kind };
};
