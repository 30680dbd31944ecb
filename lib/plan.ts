/** The numbers of a deployment, settled and checked before anything is built of them. */
import { Duration, Token } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { defaultSettings, type Settings } from '../functions/domain/settings.ts';
import { apiGatewayLimitMs, checkKeeper, type Finding, laneShares } from './checks.ts';
import { checkConnect } from './connect-checks.ts';
import { scheduleInterval } from './schedule-interval.ts';
import type { TokenKeeperProps } from './token-keeper-props.ts';

const minuteMs = 60_000;
const longestSweepMs = 5 * minuteMs;

export type Plan = {
  readonly settings: Settings;
  /** Those that the functions must be told, since they differ from their defaults or follow from the schedule. */
  readonly overrides: Partial<Settings>;
  readonly expression: ScheduleExpression;
  readonly shares: readonly (readonly number[])[];
  readonly apiTimeout: Duration;
  readonly sweepTimeout: Duration;
  readonly findings: readonly Finding[];
};

type Interval = {
  readonly expression: ScheduleExpression;
  readonly intervalMs: number;
  readonly problem?: string;
};

const intervalOfSchedule = (schedule: ScheduleExpression, fallbackMs: number): Interval => {
  const { expressionString, timeZone } = schedule;
  if (Token.isUnresolved(expressionString)) {
    const problem =
      'the schedule is not known until it is deployed and cannot be checked: write it as a literal';
    return { expression: schedule, intervalMs: fallbackMs, problem };
  }
  const interval = scheduleInterval(expressionString, timeZone?.timezoneName);
  return 'problem' in interval
    ? { expression: schedule, intervalMs: fallbackMs, problem: interval.problem }
    : { expression: schedule, intervalMs: interval.longestMs };
};

const intervalOf = (schedule: ScheduleExpression | undefined, settings: Partial<Settings>): Interval => {
  const intervalMs = settings.sweepIntervalMs ?? defaultSettings.sweepIntervalMs;
  if (schedule === undefined) {
    const minutes = Math.max(1, Math.ceil(intervalMs / minuteMs) || 1);
    const expression = ScheduleExpression.rate(Duration.minutes(minutes));
    return intervalMs === minutes * minuteMs
      ? { expression, intervalMs }
      : {
          expression,
          intervalMs,
          problem: `sweepIntervalMs (${intervalMs}) must be whole minutes: write ${minutes * minuteMs}`,
        };
  }
  const found = intervalOfSchedule(schedule, intervalMs);
  return settings.sweepIntervalMs === undefined || found.problem !== undefined
    ? found
    : {
        ...found,
        problem:
          'schedule and settings.sweepIntervalMs are both given: leave out sweepIntervalMs, the schedule determines it',
      };
};

/** What is known at deployment only, as the domain name of a distribution, cannot be checked. */
const connectFindings = ({ connect }: TokenKeeperProps): Finding[] => {
  const { url, returnTo = [] } = connect || {};
  const known = (text: string): boolean => !Token.isUnresolved(text);
  return checkConnect(url !== undefined && known(url) ? url : undefined, returnTo.filter(known));
};

/** Total: findings come with numbers to go on with, so that all of them are shown at once. */
export const planOf = (props: TokenKeeperProps): Plan => {
  const interval = intervalOf(props.schedule, props.settings ?? {});
  const overrides = { ...props.settings, sweepIntervalMs: interval.intervalMs };
  const settings: Settings = { ...defaultSettings, ...overrides };
  const shares = laneShares(props.sweepSchedules ?? 1);
  const apiTimeout = props.api?.timeout ?? Duration.millis(apiGatewayLimitMs);
  const sweepTimeout =
    props.sweep?.timeout ??
    Duration.seconds(Math.ceil(Math.min(longestSweepMs, Math.max(interval.intervalMs, minuteMs)) / 1000));
  const timeouts = {
    apiTimeoutMs: apiTimeout.toMilliseconds(),
    sweepTimeoutMs: sweepTimeout.toMilliseconds(),
  };
  const problems: Finding[] = [
    ...(interval.problem
      ? [{ severity: 'error' as const, setting: 'schedule', message: interval.problem }]
      : []),
    ...('problem' in shares
      ? [{ severity: 'error' as const, setting: 'sweepSchedules', message: shares.problem }]
      : []),
  ];
  return {
    settings,
    overrides,
    expression: interval.expression,
    shares: 'problem' in shares ? [] : shares,
    apiTimeout,
    sweepTimeout,
    findings: [...problems, ...checkKeeper(settings, timeouts), ...connectFindings(props)],
  };
};
