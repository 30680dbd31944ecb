/** What AWS knows of a deployment. Each question stands alone and needs its own permission. */
import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { App } from '../../functions/domain/app.ts';
import { defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import { readSettings } from '../../functions/environment.ts';
import { clientOptionsOf, type Deployment, outputOf } from '../deployment.ts';
import { Failure } from '../failure.ts';
import { fromAws } from './attempt.ts';
import { readClock } from './clock.ts';
import {
  type ClockReading,
  type CountedMetric,
  countedMetrics,
  type Fact,
  fact,
  type Metrics,
  type ScheduleFact,
  skipped,
} from './facts.ts';

const localUrlOf = ({ target }: Deployment) => (target.kind === 'local' ? { localUrl: target.url } : {});

/** The settings that the functions run with, and the clock of whoever said so. */
export const readFunction = async (
  deployment: Deployment,
): Promise<{ settings: Fact<Settings>; awsClock: Fact<ClockReading> }> => {
  const { GetFunctionConfigurationCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient(clientOptionsOf(deployment.target));
  let awsClock: Fact<ClockReading> = skipped('AWS was not reached.');
  // Below the deserialiser: an answer that denies the request has a date as well.
  client.middlewareStack.add(
    next => async args => {
      const sentAt = Date.now();
      const output = await next(args);
      const { headers = {} } = output.response as { headers?: Record<string, string> };
      const reading = readClock(headers.date, sentAt, Date.now());
      if (reading !== undefined) awsClock = fact(reading);
      return output;
    },
    { step: 'deserialize', priority: 'low', name: 'ringbearerClock' },
  );
  const resource = 'the api function';
  const attempt = { permission: 'lambda:GetFunctionConfiguration', resource, ...localUrlOf(deployment) };
  const settings = await fromAws(attempt, async () => {
    const FunctionName = outputOf(deployment, 'ApiFunctionName');
    const { Environment } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    return readSettings(Environment?.Variables ?? {});
  });
  return { settings, awsClock };
};

/** With their secrets: for asking RingCentral about them, and for nothing else. */
export const readConfiguredApps = async (deployment: Deployment): Promise<Fact<readonly App[]>> => {
  if (deployment.target.kind === 'local') return skipped('the secret of a local run cannot be read.');
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { parseApps } = await import('../../functions/adapters/apps.ts');
  const attempt = {
    permission: 'secretsmanager:GetSecretValue (and kms:Decrypt of its key)',
    resource: 'the apps secret, or let somebody run doctor who may read it',
  };
  return fromAws(attempt, async () => {
    const SecretId = outputOf(deployment, 'AppsSecretArn');
    const client = new SecretsManagerClient(clientOptionsOf(deployment.target));
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }));
    try {
      return parseApps(SecretString);
    } catch {
      throw new Failure('misconfigured', 'the apps secret is not valid.');
    }
  });
};

const maxSchedules = 100;

const scheduleNames = async (client: SchedulerClient, GroupName: string): Promise<string[]> => {
  const { ListSchedulesCommand } = await import('@aws-sdk/client-scheduler');
  const { Schedules = [] } = await client.send(
    new ListSchedulesCommand({ GroupName, MaxResults: maxSchedules }),
  );
  return Schedules.flatMap(({ Name }) => (Name === undefined ? [] : [Name]));
};

const readSchedule = async (
  client: SchedulerClient,
  GroupName: string,
  Name: string,
): Promise<ScheduleFact> => {
  const { GetScheduleCommand } = await import('@aws-sdk/client-scheduler');
  const found = await client.send(new GetScheduleCommand({ GroupName, Name }));
  return {
    name: Name,
    enabled: found.State === 'ENABLED',
    expression: found.ScheduleExpression ?? '',
    target: found.Target?.Arn ?? '',
    ...(found.EndDate !== undefined && { endsAt: found.EndDate.getTime() }),
  };
};

export const readSchedules = async (deployment: Deployment): Promise<Fact<readonly ScheduleFact[]>> => {
  const { SchedulerClient } = await import('@aws-sdk/client-scheduler');
  const attempt = {
    permission: 'scheduler:ListSchedules and scheduler:GetSchedule',
    resource: "the stack's schedule group",
  };
  return fromAws(attempt, async () => {
    const group = outputOf(deployment, 'ScheduleGroupName');
    const client = new SchedulerClient(clientOptionsOf(deployment.target));
    const names = await scheduleNames(client, group);
    return Promise.all(names.map(name => readSchedule(client, group, name)));
  });
};

export const countDeadLetters = async (deployment: Deployment): Promise<Fact<number>> => {
  const { GetQueueAttributesCommand, SQSClient } = await import('@aws-sdk/client-sqs');
  const attempt = { permission: 'sqs:GetQueueAttributes', resource: 'the dead-letter queue' };
  return fromAws(attempt, async () => {
    const QueueUrl = outputOf(deployment, 'DeadLetterQueueUrl');
    const client = new SQSClient(clientOptionsOf(deployment.target));
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    return Number(Attributes.ApproximateNumberOfMessages ?? 0);
  });
};

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Of either function; both write to the namespace of POWERTOOLS_METRICS_NAMESPACE, with their name as dimension. */
const metricOf = (
  name: string,
  service: 'api' | 'sweep',
  stat: string,
  periodMs: number,
): MetricDataQuery => ({
  Id: `${service}_${name.toLowerCase()}`,
  Label: name,
  MetricStat: {
    Metric: { Namespace: 'Ringbearer', MetricName: name, Dimensions: [{ Name: 'service', Value: service }] },
    Period: periodMs / 1000,
    Stat: stat,
  },
});

const periodMs = 300_000;

/** `intervalMs`: of the sweep. */
export const readMetrics = async (
  deployment: Deployment,
  now: number,
  intervalMs = defaultSettings.sweepIntervalMs,
): Promise<Fact<Metrics>> => {
  const { CloudWatchClient, GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const spanMs = Math.min(Math.max(3 * hourMs, 4 * intervalMs), dayMs);
  return fromAws({ permission: 'cloudwatch:GetMetricData', resource: '*' }, async () => {
    const client = new CloudWatchClient(clientOptionsOf(deployment.target));
    const query = (queries: MetricDataQuery[], reachMs: number) =>
      client.send(
        new GetMetricDataCommand({
          MetricDataQueries: queries,
          StartTime: new Date(now - reachMs),
          EndTime: new Date(now + periodMs),
          ScanBy: 'TimestampDescending',
        }),
      );
    const counted = countedMetrics.flatMap(name =>
      (['api', 'sweep'] as const).map(service => metricOf(name, service, 'Sum', hourMs)),
    );
    const [ages, sums] = await Promise.all([
      query([metricOf('OldestDueAge', 'sweep', 'Maximum', periodMs)], spanMs),
      query(counted, dayMs),
    ]);
    const { Timestamps = [], Values = [] } = ages.MetricDataResults?.[0] ?? {};
    const sumOf = (name: CountedMetric): number =>
      (sums.MetricDataResults ?? [])
        .filter(({ Label }) => Label === name)
        .flatMap(result => result.Values ?? [])
        .reduce((total, value) => total + value, 0);
    return {
      oldestDueAge: Timestamps.map((time, index) => ({ at: time.getTime(), ageMs: Values[index] ?? 0 })),
      spanMs,
      sums: Object.fromEntries(countedMetrics.map(name => [name, sumOf(name)])) as Metrics['sums'],
    };
  });
};
