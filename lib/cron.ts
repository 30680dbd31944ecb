/** The longest silence of an EventBridge cron expression. Pure: no clock, no time zone data. */

const minutesPerDay = 24 * 60;
/** The Gregorian calendar repeats after 400 years, weekdays included: checking one cycle checks all time. */
const daysPerCycle = 146_097;
const dayMs = minutesPerDay * 60_000;
const cycleStartMs = Date.UTC(2000, 0, 1);
/** Clocks change by one hour (two at one antarctic station, which nobody schedules in). */
const clockChangeMinutes = 60;

const numbered = (names: string, first: number): Map<string, number> =>
  new Map(names.split(' ').map((name, i) => [name, i + first]));

type Field = {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: Map<string, number>;
};

const fields = {
  minute: { name: 'minutes', min: 0, max: 59 },
  hour: { name: 'hours', min: 0, max: 23 },
  day: { name: 'day of month', min: 1, max: 31 },
  month: {
    name: 'month',
    min: 1,
    max: 12,
    names: numbered('JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC', 1),
  },
  weekday: { name: 'day of week', min: 1, max: 7, names: numbered('SUN MON TUE WED THU FRI SAT', 1) },
} as const satisfies Record<string, Field>;

export class ScheduleProblem extends Error {
  override readonly name = 'ScheduleProblem';
}

const parseValue = (text: string, field: Field): number => {
  const value = field.names?.get(text.toUpperCase()) ?? (/^\d{1,2}$/.test(text) ? Number(text) : Number.NaN);
  if (value >= field.min && value <= field.max) return value;
  throw new ScheduleProblem(
    `the ${field.name} field has "${text}", of which the interval cannot be determined: use numbers or names, lists, ranges and steps (not L, W or #)`,
  );
};

/** One element of a list: a number, a name, a range, `*`, or one of these with a step. */
const elementValues = (element: string, field: Field): number[] => {
  const [range = '', stepText, ...surplus] = element.split('/');
  const step = stepText === undefined ? 1 : /^\d{1,4}$/.test(stepText) ? Number(stepText) : 0;
  if (surplus.length > 0 || step === 0)
    throw new ScheduleProblem(`the ${field.name} field has a bad step: "${element}"`);
  const ends = range === '*' ? [] : range.split('-');
  if (ends.length > 2) throw new ScheduleProblem(`the ${field.name} field has a bad range: "${element}"`);
  const from = ends[0] === undefined ? field.min : parseValue(ends[0], field);
  const openEnded = range === '*' || (ends.length === 1 && stepText !== undefined);
  const to = openEnded ? field.max : parseValue(ends.at(-1) ?? '', field);
  if (to < from)
    throw new ScheduleProblem(`the ${field.name} field has a range that runs backwards: "${element}"`);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
};

const parseField = (text: string, field: Field): ReadonlySet<number> =>
  new Set(text.split(',').flatMap(element => elementValues(element, field)));

/** Longest distance, in days, between two consecutive days that match, over a whole calendar cycle. */
const longestDayGap = (day: string, month: string, weekday: string): number => {
  if ((day === '?') === (weekday === '?')) {
    throw new ScheduleProblem('exactly one of day of month and day of week must be "?"');
  }
  const days = parseField(day === '?' ? '*' : day, fields.day);
  const months = parseField(month, fields.month);
  const weekdays = parseField(weekday === '?' ? '*' : weekday, fields.weekday);
  let first = -1;
  let previous = -1;
  let longest = 0;
  for (let i = 0; i < daysPerCycle; i += 1) {
    const date = new Date(cycleStartMs + i * dayMs);
    if (
      !days.has(date.getUTCDate()) ||
      !months.has(date.getUTCMonth() + 1) ||
      !weekdays.has(date.getUTCDay() + 1)
    )
      continue;
    if (first < 0) first = i;
    else longest = Math.max(longest, i - previous);
    previous = i;
  }
  if (first < 0) throw new ScheduleProblem('no day ever matches');
  return Math.max(longest, first + daysPerCycle - previous);
};

/** `times` are minutes of the day, rising; `dayGap` the most days from one day with these times to the next. */
const longestMinutes = (times: readonly number[], dayGap: number): number => {
  const next = (times[0] ?? 0) + dayGap * minutesPerDay;
  return Math.max(...times.map((time, i) => (times[i + 1] ?? next) - time));
};

/**
 * An upper bound where clocks change. In autumn the repeated hour is passed over: one hour more. In spring the times
 * inside the missing hour are skipped: tried with that hour at every time of the day, since the zone's rules can change.
 */
const longestMinutesAcrossClockChange = (times: readonly number[], dayGap: number): number => {
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 0;
  const spring = times.map((time, i) => {
    const before = times[i - 1] ?? last - dayGap * minutesPerDay;
    const after = times.find(later => later >= time + clockChangeMinutes) ?? first + dayGap * minutesPerDay;
    return after - before - clockChangeMinutes;
  });
  return Math.max(longestMinutes(times, dayGap) + clockChangeMinutes, ...spring);
};

/** The longest time, in minutes, between two runs of `cron(body)`. Throws {@link ScheduleProblem} where it is not known. */
export const longestCronGapMinutes = (body: string, clockChanges: boolean): number => {
  const parts = body.trim().split(/\s+/);
  const [minute = '', hour = '', day = '', month = '', weekday = '', year = ''] = parts;
  if (parts.length !== 6)
    throw new ScheduleProblem(`a cron expression has six fields, this one has ${parts.length}`);
  if (year !== '*')
    throw new ScheduleProblem(`the year field must be "*", not "${year}": the schedule would end`);
  const hours = [...parseField(hour, fields.hour)].sort((a, b) => a - b);
  const minutes = [...parseField(minute, fields.minute)].sort((a, b) => a - b);
  const times = hours.flatMap(h => minutes.map(m => h * 60 + m));
  const dayGap = longestDayGap(day, month, weekday);
  return clockChanges ? longestMinutesAcrossClockChange(times, dayGap) : longestMinutes(times, dayGap);
};
