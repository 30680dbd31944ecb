import { Duration, TimeZone } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { describe, expect, it } from 'vitest';
import { laneCount } from '../../functions/domain/lane.ts';
import { complaints, keeperTemplate, resourcesOf } from './support.ts';

type Target = { Input: string; RetryPolicy: unknown; DeadLetterConfig: unknown; Arn: unknown };
const targetsOf = (template: ReturnType<typeof keeperTemplate>): Target[] =>
  resourcesOf(template, 'AWS::Scheduler::Schedule').map(({ Properties }) => Properties.Target as Target);

describe('the schedules', () => {
  it.each([1, 2, 4, 8, 16])('shared among %i cover every lane exactly once', sweepSchedules => {
    const targets = targetsOf(keeperTemplate({ sweepSchedules }));
    expect(targets).toHaveLength(sweepSchedules);
    const shares = targets.map(({ Input }) => JSON.parse(Input) as { lanes: number[] });
    expect(shares.map(share => Object.keys(share))).toEqual(Array(sweepSchedules).fill(['lanes']));
    expect(shares.flatMap(({ lanes }) => lanes).sort((a, b) => a - b)).toEqual([...Array(laneCount).keys()]);
    expect(new Set(shares.map(({ lanes }) => lanes.length)).size).toBe(1);
  });

  it.each([0, 3, 5, 17, 1.5, -1])('cannot be %f: the lanes would not be shared evenly', sweepSchedules => {
    expect(complaints({ sweepSchedules }).errors).toEqual([
      expect.stringContaining('use one of 1, 2, 4, 8, 16'),
    ]);
  });

  it('run every five minutes, on time, and their group is there before them', () => {
    const template = keeperTemplate({ sweepSchedules: 2 });
    const [group] = Object.keys(template.findResources('AWS::Scheduler::ScheduleGroup'));
    for (const { Properties, DependsOn } of resourcesOf(template, 'AWS::Scheduler::Schedule')) {
      expect(Properties).toMatchObject({
        ScheduleExpression: 'rate(5 minutes)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
      });
      expect(DependsOn).toContain(group);
    }
    template.hasResource('AWS::Scheduler::ScheduleGroup', { DeletionPolicy: 'Delete' });
  });

  it('try twice again to deliver, no longer than until the next round, and then put it into the dead-letter queue', () => {
    keeperTemplate().hasResourceProperties('AWS::Scheduler::Schedule', {
      Target: {
        RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeeperDeadLetters'), 'Arn'] } },
      },
    });
  });

  it('follow sweepIntervalMs, with the sweep done before its next round', () => {
    const template = keeperTemplate({ settings: { sweepIntervalMs: 120_000 } });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(2 minutes)' });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 120 });
  });

  it('take a literal schedule, whose interval the functions are told', () => {
    const schedule = ScheduleExpression.cron({ minute: '0/10' });
    const template = keeperTemplate({ schedule });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(0/10 * * * ? *)',
    });
    for (const name of ['api', 'sweep']) {
      template.hasResourceProperties('AWS::Lambda::Function', {
        Environment: {
          Variables: { POWERTOOLS_SERVICE_NAME: name, RINGBEARER_SWEEP_INTERVAL_MS: '600000' },
        },
      });
    }
  });
});

describe('at synth a schedule', () => {
  it('of five minutes is taken without a word, as all defaults are', () => {
    expect(complaints({})).toEqual({ errors: [], warnings: [] });
    expect(complaints({ schedule: ScheduleExpression.rate(Duration.minutes(5)) })).toEqual({
      errors: [],
      warnings: [],
    });
  });

  it.each([
    ['rate(7 days)', ScheduleExpression.rate(Duration.days(7))],
    ['a weekly cron', ScheduleExpression.cron({ minute: '0', hour: '3', weekDay: 'SUN' })],
    ['a literal weekly cron', ScheduleExpression.expression('cron(0 3 ? * 1 *)')],
    ['a monthly cron', ScheduleExpression.expression('cron(0 3 1 * ? *)')],
  ])('of %s is refused, with the number to change', (_name, schedule) => {
    const { errors } = complaints({ schedule });
    expect(errors[0]).toMatch(
      /a refresh token could die between two sweeps.*raise refreshMarginMs to \d+ s or sweep more often/,
    );
  });

  it('of twelve hours is warned of: slower than the replay window', () => {
    const { errors, warnings } = complaints({ schedule: ScheduleExpression.rate(Duration.hours(12)) });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      expect.stringContaining('raise accessMarginMs'),
      expect.stringMatching(
        /longer than the replay window.*lower sweepIntervalMs \(43200 s\).*ringbearer:sweepIntervalMs/,
      ),
    ]);
  });

  it('in a zone with daylight saving time is taken to be an hour longer', () => {
    const schedule = ScheduleExpression.cron({ minute: '0/5', timeZone: TimeZone.EUROPE_BERLIN });
    expect(complaints({ schedule }).warnings.join()).toContain('lower sweepIntervalMs (3900 s)');
  });

  it.each([
    ['at(2030-01-01T00:00:00)', 'it runs once'],
    ['cron(0 3 L * ? *)', 'the interval cannot be determined'],
    ['cron(0 3 * * ? 2030)', 'the schedule would end'],
    ['every now and then', 'neither rate(…) nor cron(…)'],
  ])('%s is refused, because %s', (expression, reason) => {
    expect(complaints({ schedule: ScheduleExpression.expression(expression) }).errors).toEqual([
      expect.stringContaining(reason),
    ]);
  });

  it('and sweepIntervalMs cannot both be given', () => {
    const schedule = ScheduleExpression.rate(Duration.minutes(5));
    expect(complaints({ schedule, settings: { sweepIntervalMs: 300_000 } }).errors).toEqual([
      expect.stringContaining('leave out sweepIntervalMs'),
    ]);
  });

  it('cannot have an interval that is not whole minutes', () => {
    expect(complaints({ settings: { sweepIntervalMs: 90_000 } }).errors).toEqual([
      expect.stringContaining('must be whole minutes: write 120000'),
    ]);
  });

  it('shows every complaint at once', () => {
    const { errors } = complaints({
      sweepSchedules: 3,
      schedule: ScheduleExpression.rate(Duration.days(7)),
      settings: { leaseMs: 1000 },
    });
    expect(errors.length).toBeGreaterThanOrEqual(4);
  });
});
