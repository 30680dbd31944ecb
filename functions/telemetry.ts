/** Facts as structured logs and CloudWatch metrics. Namespace and service come from Powertools' own variables. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Fact, Observe } from './keeper/facts.ts';
import type { SweepReport } from './keeper/sweep.ts';

export const logger = new Logger();
export const metrics = new Metrics();

type Level = 'info' | 'warn' | 'error';

/** What an operator should look at is a warning; what may cost a token is an error. */
const levelOf = (fact: Fact): Level => {
  switch (fact.type) {
    case 'commit-failed':
    case 'unreadable':
    case 'unreadable-standing':
    case 'unreadable-lane':
    case 'failed':
    case 'misconfigured':
      return 'error';
    case 'app-held':
    case 'condemned':
    case 'deferred':
    case 'event-not-sent':
    case 'late-answer-retired':
    case 'refused':
    case 'session-over':
      return 'warn';
    default:
      return 'info';
  }
};

/** `commit-failed` → `CommitFailed`. */
const metricOf = (type: Fact['type']): string =>
  type
    .split('-')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

export const observe: Observe = fact => {
  const { type, ...details } = fact;
  logger[levelOf(fact)](type, { fact: { type, ...details } });
  metrics.addMetric(metricOf(type), MetricUnit.Count, 1);
};

export const reportSweep = (report: SweepReport): void => {
  logger.info('sweep', { report });
  metrics.addMetric('GrantsDue', MetricUnit.Count, report.due);
  metrics.addMetric('GrantsLeftOver', MetricUnit.Count, report.leftOver);
  metrics.addMetric('GrantsFailed', MetricUnit.Count, report.failed);
  metrics.addMetric('OldestDueAge', MetricUnit.Milliseconds, report.oldestDueAgeMs);
};
