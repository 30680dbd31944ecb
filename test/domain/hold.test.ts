import { describe, expect, it } from 'vitest';
import { holdEnd, penaltyEnd, stepEnd } from '../../functions/domain/hold.ts';
import { day, hour, minute, second, settings, start, tokens } from './grants.ts';

const unknown = { kind: 'unknown', code: 'timeout' } as const;
const limited = { kind: 'limited', code: 'CMN-301' } as const;
const [first = 0] = settings.holdStepsMs;
const last = settings.holdStepsMs.at(-1) ?? 0;
const many = 99;

describe('the hold after a failure', () => {
  it('takes no more than half of what is left of the replay window', () => {
    const sent = { at: start, by: 'me' };
    const left = (ms: number) => start + settings.replayWindowMs - ms;
    expect(holdEnd(unknown, many, { sent }, left(20 * minute), settings)).toBe(left(10 * minute));
  });

  it('is never shorter than the first step, so that a dying token is not asked for in a loop', () => {
    const sent = { at: start, by: 'me' };
    const now = start + settings.replayWindowMs - 1;
    expect(holdEnd(unknown, many, { sent }, now, settings)).toBe(now + first);
  });

  it.each([0, minute])('takes its whole step when the window was over %i ms ago', ms => {
    const sent = { at: start, by: 'me' };
    const now = start + settings.replayWindowMs + ms;
    expect(holdEnd(unknown, many, { sent }, now, settings)).toBe(now + last);
  });

  it.each([0, day])('takes its whole step when the refresh token died %i ms ago', ms => {
    const now = start + 7 * day + ms;
    expect(holdEnd(unknown, many, { tokens }, now, settings)).toBe(now + last);
  });

  it('takes its whole step where there is nothing to lose', () => {
    expect(holdEnd(unknown, many, {}, start, settings)).toBe(start + last);
  });

  it('ends on a whole millisecond', () => {
    const now = start + 7 * day - 90 * second - 1;
    expect(holdEnd(unknown, many, { tokens }, now, settings)).toBe(now + 45 * second);
  });

  it('repeats the last step', () => {
    expect(stepEnd(settings.holdStepsMs.length - 1, start, settings)).toBe(start + last);
    expect(stepEnd(many, start, settings)).toBe(start + last);
  });

  it('is the longest there is where no steps are set', () => {
    const stepless = { ...settings, holdStepsMs: [] };
    expect(stepEnd(0, start, stepless)).toBe(start + settings.maxHoldMs);
    expect(holdEnd(unknown, 0, { tokens }, start + 7 * day - minute, stepless)).toBe(
      start + 7 * day - minute + settings.maxHoldMs,
    );
  });
});

describe("the provider's own penalty", () => {
  it('is believed up to the longest hold, is a second at least, and the skew of clocks is added', () => {
    const lengthOf = (retryAfterMs?: number) =>
      penaltyEnd(retryAfterMs, start, settings) - start - settings.maxClockSkewMs;
    expect(lengthOf(90 * second)).toBe(90 * second);
    expect(lengthOf(9 * hour)).toBe(settings.maxHoldMs);
    expect(lengthOf(0)).toBe(second);
    expect(lengthOf()).toBe(settings.penaltyMs);
  });

  it('is kept whatever it costs: the window and the token do not shorten it', () => {
    const atStake = { sent: { at: start, by: 'me' }, tokens };
    const now = start + settings.replayWindowMs - second;
    expect(holdEnd(limited, 0, atStake, now, settings)).toBe(
      now + settings.penaltyMs + settings.maxClockSkewMs,
    );
  });
});
