/** What AWS is asked, what is made of its answers, and that each question fails by itself. */
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../cli/deployment.ts';
import { gather } from '../../../cli/doctor/gather.ts';
import {
  countDeadLetters,
  readConfiguredApps,
  readFunction,
  readMetrics,
  readSchedules,
} from '../../../cli/doctor/gather-aws.ts';
import { judge } from '../../../cli/doctor/judge.ts';
import { Failure } from '../../../cli/failure.ts';
import type { Session } from '../../../cli/session.ts';
import { defaultSettings } from '../../../functions/domain/settings.ts';
import { hour, minute, start } from '../../domain/grants.ts';
import { appView, grantView } from '../grant-views.ts';

const lambda = mockClient(LambdaClient);
const scheduler = mockClient(SchedulerClient);
const sqs = mockClient(SQSClient);
const cloudwatch = mockClient(CloudWatchClient);
const secrets = mockClient(SecretsManagerClient);

const deployment: Deployment = {
  target: { kind: 'stack', stack: 'Ringbearer', region: 'us-east-1' },
  title: 'stack Ringbearer in us-east-1',
  status: 'CREATE_COMPLETE',
  outputs: {
    ApiFunctionName: 'api-fn',
    SweepFunctionName: 'sweep-fn',
    AppsSecretArn: 'arn:secret',
    DeadLetterQueueUrl: 'https://sqs/queue',
    ScheduleGroupName: 'group',
  },
};
const { name, server, clientId } = appView;
const configured = { name, server, clientId, clientSecret: 'shh' };

const without = (output: string): Deployment => ({
  ...deployment,
  outputs: Object.fromEntries(Object.entries(deployment.outputs).filter(([key]) => key !== output)),
});
const denied = Object.assign(new Error('User is not authorized: secret-text'), {
  name: 'AccessDeniedException',
});

beforeEach(() => {
  for (const mock of [lambda, scheduler, sqs, cloudwatch, secrets]) mock.reset();
  lambda.on(GetFunctionConfigurationCommand, { FunctionName: 'api-fn' }).resolves({
    Environment: { Variables: { RINGBEARER_SWEEP_INTERVAL_MS: '120000', OTHER: 'x' } },
  });
  scheduler
    .on(ListSchedulesCommand, { GroupName: 'group' })
    .resolves({ Schedules: [{ Name: 'A' }, { Name: 'B' }] });
  scheduler
    .on(GetScheduleCommand, { GroupName: 'group' })
    .resolves({
      State: 'ENABLED',
      ScheduleExpression: 'rate(2 minutes)',
      Target: { Arn: 'arn:aws:lambda:r:1:function:sweep-fn', RoleArn: 'r' },
    })
    .on(GetScheduleCommand, { GroupName: 'group', Name: 'B' })
    .resolves({ State: 'DISABLED', EndDate: new Date(start) });
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '3' } });
  cloudwatch.on(GetMetricDataCommand).resolves({
    MetricDataResults: [
      { Id: 'sweep_oldestdueage', Label: 'OldestDueAge', Timestamps: [new Date(start)], Values: [700] },
      { Id: 'api_commitfailed', Label: 'CommitFailed', Values: [1, 2] },
      { Id: 'sweep_commitfailed', Label: 'CommitFailed', Values: [4] },
    ],
  });
  secrets.on(GetSecretValueCommand, { SecretId: 'arn:secret' }).resolves({
    SecretString: JSON.stringify({ apps: [configured] }),
  });
});

describe('AWS says', () => {
  it('which settings the functions run with', async () => {
    const { settings } = await readFunction(deployment);
    expect(settings).toEqual({ known: true, value: { ...defaultSettings, sweepIntervalMs: 120_000 } });
  });

  it('which schedules there are, on, off or over', async () => {
    expect(await readSchedules(deployment)).toEqual({
      known: true,
      value: [
        {
          name: 'A',
          enabled: true,
          expression: 'rate(2 minutes)',
          target: 'arn:aws:lambda:r:1:function:sweep-fn',
        },
        { name: 'B', enabled: false, expression: '', target: '', endsAt: start },
      ],
    });
  });

  it('how many sweeps failed', async () => {
    expect(await countDeadLetters(deployment)).toEqual({ known: true, value: 3 });
  });

  it('how the sweeps went, and what should not have happened', async () => {
    const metrics = await readMetrics(deployment, start, 2 * hour);
    expect(metrics).toEqual({
      known: true,
      value: {
        oldestDueAge: [{ at: start, ageMs: 700 }],
        spanMs: 8 * hour,
        sums: { CommitFailed: 7, Unreadable: 0, UnreadableLane: 0, EventNotSent: 0 },
      },
    });
    const [ages, sums] = cloudwatch.commandCalls(GetMetricDataCommand).map(call => call.args[0].input);
    expect(ages?.StartTime).toEqual(new Date(start - 8 * hour));
    expect(ages?.MetricDataQueries?.[0]?.MetricStat?.Metric).toEqual({
      Namespace: 'Ringbearer',
      MetricName: 'OldestDueAge',
      Dimensions: [{ Name: 'service', Value: 'sweep' }],
    });
    expect(sums?.MetricDataQueries?.map(({ Id }) => Id)).toEqual([
      ...['api_commitfailed', 'sweep_commitfailed', 'api_unreadable', 'sweep_unreadable'],
      ...['api_unreadablelane', 'sweep_unreadablelane', 'api_eventnotsent', 'sweep_eventnotsent'],
    ]);
  });

  it('which apps there are, with their secrets', async () => {
    expect(await readConfiguredApps(deployment)).toMatchObject({
      known: true,
      value: [{ clientSecret: 'shh' }],
    });
  });
});

type Question = [string, () => Promise<unknown>, () => unknown, string];
const questions: Question[] = [
  [
    'settings',
    async () => (await readFunction(deployment)).settings,
    () => lambda.rejects(denied),
    'lambda:GetFunctionConfiguration',
  ],
  ['schedules', () => readSchedules(deployment), () => scheduler.rejects(denied), 'scheduler:ListSchedules'],
  ['dead letters', () => countDeadLetters(deployment), () => sqs.rejects(denied), 'sqs:GetQueueAttributes'],
  [
    'metrics',
    () => readMetrics(deployment, start),
    () => cloudwatch.rejects(denied),
    'cloudwatch:GetMetricData',
  ],
  [
    'apps secret',
    () => readConfiguredApps(deployment),
    () => secrets.rejects(denied),
    'secretsmanager:GetSecretValue',
  ],
];

describe('what cannot be had', () => {
  it.each(questions)('says which permission is missing: %s', async (_, ask, deny, permission) => {
    deny();
    const answer = await ask();
    expect(answer).toMatchObject({
      known: false,
      skipped: false,
      code: 'AccessDeniedException',
      todo: expect.stringContaining(permission),
    });
    expect(JSON.stringify(answer)).not.toContain('secret-text');
  });

  it.each([
    ['schedules', () => readSchedules(without('ScheduleGroupName')), 'ScheduleGroupName'],
    ['dead letters', () => countDeadLetters(without('DeadLetterQueueUrl')), 'DeadLetterQueueUrl'],
    ['apps secret', () => readConfiguredApps(without('AppsSecretArn')), 'AppsSecretArn'],
  ])('says which output is missing: %s', async (_, ask, output) => {
    expect(await ask()).toMatchObject({ known: false, why: expect.stringContaining(output) });
  });

  it('says that the secret is not valid, and quotes nothing of it', async () => {
    secrets.on(GetSecretValueCommand).resolves({ SecretString: '{"apps":[{"clientSecret":"shh"}]}' });
    const answer = await readConfiguredApps(deployment);
    expect(answer).toMatchObject({ known: false, code: 'misconfigured' });
    expect(JSON.stringify(answer)).not.toContain('shh');
  });

  it('of a local run is not asked for', async () => {
    const local = { ...deployment, target: { kind: 'local', url: 'http://x' } } as const;
    expect(await readConfiguredApps(local)).toMatchObject({ known: false, skipped: true });
  });
});

describe('all facts together', () => {
  const call = async (action: string) => {
    if (action === 'listApps') return { apps: [appView] };
    return { grants: [grantView], cursor: null };
  };
  const session = (change: object = {}) =>
    ({
      deployment,
      terminal: { progress: () => {} },
      keeper: { call },
      now: () => start + minute,
      ...change,
    }) as unknown as Session;

  it('are gathered, and RingCentral is asked with the app as it is configured', async () => {
    const asked: string[] = [];
    const facts = await gather(session(), {
      probe: true,
      provider: {
        refresh: async ({ clientSecret = '' }) => {
          asked.push(clientSecret);
          return { kind: 'refused', code: 'OAU-213' };
        },
        clock: async () => ({ known: false, skipped: true, why: 'x' }),
        pause: async () => {},
      },
    });
    expect(asked).toEqual(['shh']);
    const problems = judge(facts).filter(({ severity }) => severity === 'problem');
    expect(problems.map(({ check }) => check)).toEqual(['schedule', 'schedule', 'dead-letters']);
    expect(JSON.stringify([facts, judge(facts)])).not.toContain('shh');
  });

  it('are gathered without asking RingCentral', async () => {
    const { probes } = await gather(session(), { probe: false });
    expect(probes).toMatchObject([
      { verdict: { known: false, skipped: true, why: '--no-probe was given.' } },
    ]);
    expect(secrets.calls()).toEqual([]);
  });

  it('are there even where everything is denied', async () => {
    for (const mock of [lambda, scheduler, sqs, cloudwatch, secrets]) mock.rejects(denied);
    const failing = async () => {
      throw new Failure('AccessDeniedException', 'AWS does not allow lambda:InvokeFunction.', {
        advice: 'Allow it.',
      });
    };
    const findings = judge(await gather(session({ keeper: { call: failing } }), { probe: true }));
    expect(findings.filter(({ severity }) => severity === 'unknown').map(({ check }) => check)).toEqual([
      ...['settings', 'apps-secret', 'schedule', 'sweep', 'dead-letters', 'grants'],
    ]);
    expect(findings.filter(({ severity }) => severity === 'problem')).toEqual([]);
  });
});
