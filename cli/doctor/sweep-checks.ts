/** Whether the sweep comes round, and what it leaves behind. Pure. */
import type { Settings } from '../../functions/domain/settings.ts';
import { duration, relative } from '../../sandbox/screen/durations.ts';
import { countedMetrics, type Facts, type Metrics, type ScheduleFact } from './facts.ts';
import { type Finding, ok, plural, problem, warning, whenKnown } from './finding.ts';
import { lateAfterMs } from './lifetimes.ts';

const deploy = 'Deploy the stack again; somebody may have changed it by hand.';

const isOver = ({ endsAt }: ScheduleFact, now: number): boolean => endsAt !== undefined && endsAt <= now;

/** `arn:…:function:name` or a name. */
const functionNameOf = (target: string): string => target.split(':')[6] ?? target;

const namesOf = (schedules: readonly ScheduleFact[]): string => schedules.map(({ name }) => name).join(', ');

const off = (found: readonly ScheduleFact[], now: number): Finding[] => {
  const idle = found.filter(schedule => !schedule.enabled || isOver(schedule, now));
  if (idle.length === 0) return [];
  const what = `${plural(idle.length, 'schedule is', 'schedules are')} off, of ${found.length}: ${namesOf(idle)}.`;
  return [
    problem(
      'schedule',
      `${what} Nobody refreshes the grants of those lanes, and they die.`,
      `Enable it in EventBridge Scheduler. ${deploy}`,
    ),
  ];
};

const astray = (found: readonly ScheduleFact[], sweepFunction: string | undefined): Finding[] => {
  const lost = found.filter(({ target }) => functionNameOf(target) !== sweepFunction);
  if (sweepFunction === undefined || lost.length === 0) return [];
  return [problem('schedule', `Not the sweep but another function is invoked by: ${namesOf(lost)}.`, deploy)];
};

const checkSchedules = ({ schedules, sweepFunction, now }: Facts): Finding[] =>
  whenKnown('schedule', schedules, found => {
    if (found.length === 0) {
      return [problem('schedule', 'There is no schedule: the sweep never runs, and grants die.', deploy)];
    }
    const findings = [...off(found, now), ...astray(found, sweepFunction)];
    const expressions = [...new Set(found.map(({ expression }) => expression))].join(', ');
    return findings.length > 0
      ? findings
      : [ok('schedule', `${plural(found.length, 'schedule')}, on: ${expressions}.`)];
  });

const leftBehind = ({ sums }: Metrics): Finding[] => {
  const counts = countedMetrics.filter(name => sums[name] > 0).map(name => `${name} ${sums[name]}`);
  return counts.length === 0
    ? [ok('errors', 'No commit failed, no record was unreadable, no event was lost in the last day.')]
    : [
        warning(
          'errors',
          `In the last day: ${counts.join(', ')}.`,
          'The log lines of the same names, in the logs of both functions, name the grant and the error; docs/doctor.md says what each means.',
        ),
      ];
};

const checkMetrics = ({ metrics, now }: Facts, settings: Settings): Finding[] =>
  whenKnown('sweep', metrics, known => {
    const { oldestDueAge, spanMs } = known;
    const [latest] = oldestDueAge;
    if (latest === undefined) {
      return [
        problem(
          'sweep',
          `No sweep has reported in the last ${duration(spanMs)}.`,
          "Is its schedule on, and does the function start? Look at schedule, dead-letters, and the function's log. A stack that was just deployed needs a few minutes.",
        ),
        ...leftBehind(known),
      ];
    }
    const silence = now - latest.at;
    // CloudWatch shows a value some minutes later.
    if (silence > lateAfterMs(settings) + 600_000) {
      return [
        problem(
          'sweep',
          `The last sweep reported ${duration(silence)} ago; it should come round every ${duration(settings.sweepIntervalMs)}.`,
          "Look at schedule, dead-letters, and the sweep function's log.",
        ),
        ...leftBehind(known),
      ];
    }
    const late = latest.ageMs > lateAfterMs(settings);
    return [
      late
        ? warning(
            'sweep',
            `At the last sweep the oldest due grant had waited ${duration(latest.ageMs)}.`,
            'Several rounds did not finish it: look at overdue, held and rate-limit. More schedules (`sweepSchedules`) sweep side by side.',
          )
        : ok(
            'sweep',
            `It reported ${relative(latest.at, now)}; the oldest due grant had waited ${duration(latest.ageMs)}.`,
          ),
      ...leftBehind(known),
    ];
  });

const checkDeadLetters = ({ deadLetters }: Facts): Finding[] =>
  whenKnown('dead-letters', deadLetters, count =>
    count === 0
      ? [ok('dead-letters', 'The dead-letter queue is empty.')]
      : [
          problem(
            'dead-letters',
            `${plural(count, 'sweep')} ${count === 1 ? 'is' : 'are'} in the dead-letter queue: not delivered, or failed.`,
            "The message says why (ERROR_CODE, or the function's error), and the sweep's log of that time. Grants are not lost by it: the next round does the same work. Purge the queue when it is understood.",
          ),
        ],
  );

export const checkSweep = (facts: Facts, settings: Settings): Finding[] => [
  ...checkSchedules(facts),
  ...checkMetrics(facts, settings),
  ...checkDeadLetters(facts),
];
