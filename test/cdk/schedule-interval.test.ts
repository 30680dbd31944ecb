import { describe, expect, it } from 'vitest';
import { scheduleInterval } from '../../lib/schedule-interval.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('the longest silence', () => {
  it.each([
    ['rate(1 minute)', minute],
    ['rate(5 minutes)', 5 * minute],
    ['rate(12 hours)', 12 * hour],
    ['rate(7 days)', 7 * day],
    ['cron(* * * * ? *)', minute],
    ['cron(0/5 * * * ? *)', 5 * minute],
    ['cron(*/7 * * * ? *)', 7 * minute],
    ['cron(0 * * * ? *)', hour],
    ['cron(0,10 * * * ? *)', 50 * minute],
    ['cron(0-20/10 * * * ? *)', 40 * minute],
    ['cron(0 8-20 * * ? *)', 12 * hour],
    ['cron(0 0,6 * * ? *)', 18 * hour],
    ['cron(0/5 8-17 ? * MON-FRI *)', 2 * day + 14 * hour + 5 * minute],
    ['cron(30 3 * * ? *)', day],
    ['cron(0 3 ? * SUN *)', 7 * day],
    ['cron(0 3 ? * 1 *)', 7 * day],
    ['cron(0 3 ? * mon,thu *)', 4 * day],
    ['cron(0 3 1 * ? *)', 31 * day],
    ['cron(0 3 31 * ? *)', 61 * day],
    ['cron(0 0 1 JAN ? *)', 366 * day],
    ['cron(0 0 29 2 ? *)', (8 * 365 + 1) * day],
    ['cron(0 0 1/10 * ? *)', 10 * day],
    ['cron(0 3 ? 1 2 *)', (52 - 4 + 1) * 7 * day],
  ])('of %s is known', (expression, longestMs) => {
    expect(scheduleInterval(expression)).toEqual({ longestMs });
  });

  it.each([
    ['cron(0/5 * * * ? *)', 'Europe/Berlin', hour + 5 * minute, 'the repeated hour is passed over'],
    ['cron(30 2 * * ? *)', 'Europe/Berlin', 47 * hour, 'a time inside the missing hour is skipped'],
    ['cron(0 0,12 * * ? *)', 'America/New_York', 23 * hour, 'a time inside the missing hour is skipped'],
    ['cron(0/5 * * * ? *)', 'Etc/UTC', 5 * minute, 'clocks never change'],
    ['cron(0/5 * * * ? *)', 'Etc/GMT+3', 5 * minute, 'clocks never change'],
    ['rate(5 minutes)', 'Europe/Berlin', 5 * minute, 'a rate does not look at clocks'],
  ])('of %s in %s is at most %i ms: %s', (expression, timeZone, longestMs, _reason) => {
    expect(scheduleInterval(expression, timeZone)).toEqual({ longestMs });
  });
});

describe('no silence can be told', () => {
  it.each([
    ['at(2030-01-01T00:00:00)', /runs once/],
    ['cron(0 3 L * ? *)', /day of month field has "L"/],
    ['cron(0 3 ? * 6#3 *)', /day of week field has "6#3"/],
    ['cron(0 3 15W * ? *)', /has "15W"/],
    ['cron(0 3 * * * *)', /exactly one of day of month and day of week/],
    ['cron(0 3 ? * ? *)', /exactly one/],
    ['cron(0 3 * * ? 2030-2040)', /the schedule would end/],
    ['cron(0 3 * * ?)', /six fields, this one has 5/],
    ['cron(60 3 * * ? *)', /minutes field has "60"/],
    ['cron(0 24 * * ? *)', /hours field has "24"/],
    ['cron(0 3 0 * ? *)', /day of month field has "0"/],
    ['cron(0/0 3 * * ? *)', /bad step/],
    ['cron(0/5/5 3 * * ? *)', /bad step/],
    ['cron(1-2-3 3 * * ? *)', /bad range/],
    ['cron(0 22-4 * * ? *)', /runs backwards/],
    ['cron(0, 3 * * ? *)', /minutes field has ""/],
    ['cron(0 3 30 2 ? *)', /no day ever matches/],
    ['rate(0 minutes)', /a rate is a whole number/],
    ['rate(1.5 hours)', /a rate is a whole number/],
    ['rate(1 week)', /a rate is a whole number/],
    ['0 3 * * *', /neither rate\(…\) nor cron\(…\)/],
  ])('of %s: %s', (expression, problem) => {
    expect(scheduleInterval(expression)).toEqual({ problem: expect.stringMatching(problem) });
    expect(scheduleInterval(expression)).toEqual({
      problem: expect.stringContaining('write for example rate(5 minutes)'),
    });
  });
});
