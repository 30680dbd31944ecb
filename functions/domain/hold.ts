/** How long to keep silent after a failure. */
import type { NothingHappened, Unknown } from './answer.ts';
import type { Grant } from './grant.ts';
import type { Settings } from './settings.ts';

/** What a hold of a grant must not outlast. */
type AtStake = Pick<Grant, 'sent' | 'tokens'>;

const firstStepMs = (settings: Settings): number => settings.holdStepsMs[0] ?? settings.maxHoldMs;

const stepMs = (failures: number, settings: Settings): number =>
  settings.holdStepsMs[Math.min(failures, settings.holdStepsMs.length - 1)] ?? settings.maxHoldMs;

/** The provider's own penalty. Other machines' clocks may be ahead of this one's: the skew is added. */
export const penaltyEnd = (retryAfterMs: number | undefined, now: number, settings: Settings): number =>
  now +
  Math.min(Math.max(retryAfterMs ?? settings.penaltyMs, 1000), settings.maxHoldMs) +
  settings.maxClockSkewMs;

/** Takes no more than half of what is left until a deadline that matters, as long as it has not passed. */
const capBefore = (
  holdMs: number,
  deadlineAt: number | undefined,
  now: number,
  settings: Settings,
): number => {
  const leftMs = (deadlineAt ?? Number.POSITIVE_INFINITY) - now;
  return leftMs <= 0
    ? holdMs
    : Math.max(Math.min(holdMs, leftMs / 2), Math.min(holdMs, firstStepMs(settings)));
};

/** The end of the hold after the `failures + 1`st failure in a row. */
export const stepEnd = (failures: number, now: number, settings: Settings): number =>
  now + stepMs(failures, settings);

/**
 * The end of a grant's hold. A penalty is kept whatever it costs. The keeper's own holds end well inside the replay window of a
 * refresh that may have happened unseen, and well before the refresh token dies.
 */
export const holdEnd = (
  answer: NothingHappened | Unknown,
  failures: number,
  { sent, tokens }: AtStake,
  now: number,
  settings: Settings,
): number => {
  if (answer.kind === 'limited') return penaltyEnd(answer.retryAfterMs, now, settings);
  const windowEndsAt = sent && sent.at + settings.replayWindowMs;
  const inWindow = capBefore(stepMs(failures, settings), windowEndsAt, now, settings);
  return Math.floor(now + capBefore(inWindow, tokens?.refreshExpiresAt, now, settings));
};
