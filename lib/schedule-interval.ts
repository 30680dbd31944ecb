/** How long the sweep can be silent under a schedule expression. Pure. */
import { longestCronGapMinutes, ScheduleProblem } from './cron.ts';

const minuteMs = 60_000;
const unitMinutes: Record<string, number> = { minute: 1, hour: 60, day: 24 * 60 };

export type ScheduleInterval =
  | { readonly longestMs: number }
  /** Why the interval cannot be determined, and what to write instead. */
  | { readonly problem: string };

/** Zones whose clocks never change. Every other name is taken to have daylight saving time. */
const isFixedZone = (timeZone: string): boolean =>
  /^(Etc\/.+|UTC|UCT|GMT|Zulu|Universal|Greenwich)$/.test(timeZone);

const longestMinutes = (expression: string, timeZone: string): number => {
  const [, kind, body = ''] = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  switch (kind) {
    case 'rate': {
      const [, value, unit = ''] = /^([1-9]\d{0,5}) (minute|hour|day)s?$/.exec(body.trim()) ?? [];
      if (value === undefined)
        throw new ScheduleProblem('a rate is a whole number and minutes, hours or days');
      return Number(value) * (unitMinutes[unit] ?? 0);
    }
    case 'cron':
      return longestCronGapMinutes(body, !isFixedZone(timeZone));
    case 'at':
      throw new ScheduleProblem('it runs once, and the sweep must come round for ever');
    default:
      throw new ScheduleProblem('it is neither rate(…) nor cron(…)');
  }
};

/**
 * Total: the longest time between two runs of an EventBridge Scheduler expression. Exact for rates and for cron in a zone
 * without clock changes, an upper bound for cron in the others (EventBridge skips the times that the missing hour takes
 * away, and runs once in the repeated one).
 */
export const scheduleInterval = (expression: string, timeZone = 'Etc/UTC'): ScheduleInterval => {
  try {
    return { longestMs: longestMinutes(expression, timeZone) * minuteMs };
  } catch (error) {
    if (!(error instanceof ScheduleProblem)) throw error;
    return { problem: `schedule ${expression}: ${error.message}; write for example rate(5 minutes)` };
  }
};
