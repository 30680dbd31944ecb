/** What is refused or warned of at synth. Pure: the construct turns each finding into an annotation. */
import { laneCount } from '../functions/domain/lane.ts';
import { checkSettings, type Settings } from '../functions/domain/settings.ts';

export type Finding = {
  readonly severity: 'error' | 'warning';
  /** The setting or prop to change. */
  readonly setting: string;
  readonly message: string;
};

export type Timeouts = { readonly apiTimeoutMs: number; readonly sweepTimeoutMs: number };

/** API Gateway gives up on an integration after 30 s. */
export const apiGatewayLimitMs = 29_000;
const lambdaLimitMs = 15 * 60_000;

const seconds = (ms: number): string => `${ms / 1000} s`;

type Rule = Finding & { readonly broken: boolean };

const timeoutRules = (settings: Settings, { apiTimeoutMs, sweepTimeoutMs }: Timeouts): Rule[] => {
  const { waitBudgetMs, providerTimeoutMs, commitBudgetMs, leaseMs, sweepIntervalMs } = settings;
  const refreshMs = providerTimeoutMs + commitBudgetMs;
  return [
    {
      severity: 'error',
      setting: 'api.timeout',
      broken: apiTimeoutMs < waitBudgetMs + refreshMs,
      message:
        `a getter that has waited for somebody else's refresh could not refresh any more: api.timeout (${seconds(apiTimeoutMs)}) must cover ` +
        `waitBudgetMs + providerTimeoutMs + commitBudgetMs = ${seconds(waitBudgetMs + refreshMs)}: raise api.timeout or lower waitBudgetMs to ${seconds(Math.max(0, apiTimeoutMs - refreshMs))}`,
    },
    {
      severity: 'warning',
      setting: 'api.timeout',
      broken: apiTimeoutMs > apiGatewayLimitMs,
      message: `api.timeout (${seconds(apiTimeoutMs)}) is longer than API Gateway waits: callers over HTTP get a 503 first: lower it to ${seconds(apiGatewayLimitMs)}`,
    },
    {
      severity: 'error',
      setting: 'sweep.timeout',
      broken: sweepTimeoutMs < leaseMs,
      message: `a sweep could not finish one refresh: raise sweep.timeout (${seconds(sweepTimeoutMs)}) to leaseMs (${seconds(leaseMs)}) or more`,
    },
    {
      severity: 'error',
      setting: 'sweep.timeout',
      broken: sweepTimeoutMs > lambdaLimitMs,
      message: `sweep.timeout (${seconds(sweepTimeoutMs)}) is longer than Lambda allows: lower it to ${seconds(lambdaLimitMs)}`,
    },
    {
      severity: 'warning',
      setting: 'sweep.timeout',
      broken: sweepTimeoutMs > sweepIntervalMs,
      message: `two rounds of the same lanes can overlap, harmless but of no use: lower sweep.timeout (${seconds(sweepTimeoutMs)}) to the schedule's interval (${seconds(sweepIntervalMs)})`,
    },
  ];
};

/** Total: every way in which these settings and timeouts lose tokens (`error`) or put them at risk (`warning`). */
export const checkKeeper = (settings: Settings, timeouts: Timeouts): Finding[] => [
  ...checkSettings(settings),
  ...timeoutRules(settings, timeouts)
    .filter(({ broken }) => broken)
    .map(({ severity, setting, message }) => ({ severity, setting, message })),
];

/** Total: the lanes of each share, every lane in exactly one; or why there can be no such shares. */
export const laneShares = (shares: number): readonly (readonly number[])[] | { readonly problem: string } => {
  if (!Number.isInteger(shares) || shares < 1 || laneCount % shares !== 0) {
    const allowed = Array.from({ length: laneCount }, (_, i) => i + 1).filter(n => laneCount % n === 0);
    return {
      problem: `sweepSchedules must divide the ${laneCount} lanes evenly, ${shares} does not: use one of ${allowed.join(', ')}`,
    };
  }
  const lanes = Array.from({ length: laneCount }, (_, lane) => lane);
  return Array.from({ length: shares }, (_, share) => lanes.filter(lane => lane % shares === share));
};
