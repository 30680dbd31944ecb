/** How long to keep silent after a failure. */
import type { NothingHappened, Unknown } from './answer.ts';
import type { Settings } from './settings.ts';

const stepMs = (failures: number, settings: Settings): number =>
  settings.holdStepsMs[Math.min(failures, settings.holdStepsMs.length - 1)] ?? settings.maxHoldMs;

/** The provider's own penalty. Other machines' clocks may be ahead of this one's: the skew is added. */
export const penaltyEnd = (retryAfterMs: number | undefined, now: number, settings: Settings): number =>
  now +
  Math.min(Math.max(retryAfterMs ?? settings.penaltyMs, 1000), settings.maxHoldMs) +
  settings.maxClockSkewMs;

/**
 * While a refresh may have happened unseen, the next try must come well inside the replay window: no hold takes more than half
 * of what is left of it.
 */
const capByReplayWindow = (holdMs: number, sentAt: number, now: number, settings: Settings): number => {
  const leftMs = sentAt + settings.replayWindowMs - now;
  return leftMs <= 0
    ? holdMs
    : Math.max(Math.min(holdMs, leftMs / 2), Math.min(holdMs, settings.holdStepsMs[0] ?? holdMs));
};

/** The end of the hold after the `failures + 1`st failure in a row. `sentAt`: when an outcome still unknown was first asked for. */
export const holdEnd = (
  answer: NothingHappened | Unknown,
  failures: number,
  sentAt: number | undefined,
  now: number,
  settings: Settings,
): number => {
  if (answer.kind === 'limited') return penaltyEnd(answer.retryAfterMs, now, settings);
  const holdMs = stepMs(failures, settings);
  return Math.floor(now + (sentAt === undefined ? holdMs : capByReplayWindow(holdMs, sentAt, now, settings)));
};
