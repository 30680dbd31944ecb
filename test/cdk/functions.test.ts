import { Duration } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../functions/domain/settings.ts';
import { readEnvironment } from '../../functions/environment.ts';
import { flat, keeperTemplate, resourcesOf } from './support.ts';

const template = keeperTemplate();
const functions = resourcesOf(template, 'AWS::Lambda::Function');
const environmentOf = (name: string, from = functions): Record<string, string> => {
  const all = from.map(
    ({ Properties }) => (Properties.Environment as { Variables: Record<string, unknown> }).Variables,
  );
  const own = all.find(variables => variables.POWERTOOLS_SERVICE_NAME === name) ?? {};
  return Object.fromEntries(Object.entries(own).map(([variable, value]) => [variable, flat(value)]));
};

describe('the functions', () => {
  it('are three, on Node 24 and arm64, and log JSON to a log group of their own', () => {
    expect(functions).toHaveLength(3);
    for (const { Properties } of functions) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], MemorySize: 512 });
      expect(Properties.LoggingConfig).toEqual({ LogFormat: 'JSON', LogGroup: { Ref: expect.any(String) } });
      expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    }
    expect(new Set(functions.map(({ Properties }) => JSON.stringify(Properties.LoggingConfig))).size).toBe(3);
  });

  it('keep their logs for three months, and so do the HTTP APIs', () => {
    expect(resourcesOf(template, 'AWS::Logs::LogGroup').map(({ Properties }) => Properties)).toEqual(
      Array(5).fill({ RetentionInDays: 90 }),
    );
  });

  it('get 29 seconds (api, connect) and 5 minutes (sweep)', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Timeout: 29,
      Description: Match.stringLikeRegexp('serves'),
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Timeout: 29,
      Description: Match.stringLikeRegexp('connect'),
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Timeout: 300,
      Description: Match.stringLikeRegexp('refreshes'),
    });
  });

  it('are told the table, the secret, the interval of the sweep, and the names for logs and metrics', () => {
    expect(environmentOf('sweep')).toEqual({
      RINGBEARER_TABLE: expect.stringMatching(/^<KeeperTable\w+>$/),
      RINGBEARER_APPS_SECRET: expect.stringMatching(/^<KeeperAppsSecret\w+>$/),
      RINGBEARER_JWT_SECRET: expect.stringMatching(/^<KeeperJwtSecret\w+>$/),
      RINGBEARER_SWEEP_INTERVAL_MS: '300000',
      POWERTOOLS_SERVICE_NAME: 'sweep',
      POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
      POWERTOOLS_LOG_LEVEL: 'INFO',
    });
    expect(environmentOf('api')).toEqual({
      ...environmentOf('sweep'),
      POWERTOOLS_SERVICE_NAME: 'api',
      RINGBEARER_CONNECT_URL: expect.stringMatching(/^<KeeperConnectApi\w+\.ApiEndpoint>$/),
      RINGBEARER_RETURN_TO: '',
    });
  });

  it('read from their environment the very settings that were checked at synth', () => {
    const settings = {
      refreshMarginMs: 100_000_000,
      holdStepsMs: [1000, 2000],
      refreshedEvents: true,
    } as const;
    const custom = resourcesOf(keeperTemplate({ settings }), 'AWS::Lambda::Function');
    expect(readEnvironment(environmentOf('api', custom)).settings).toEqual({
      ...defaultSettings,
      ...settings,
      waitBudgetMs: 8000,
    });
  });

  it('take memory, timeout, reserved concurrency, log retention and log level from props', () => {
    const custom = keeperTemplate({
      api: { memorySizeMib: 1024, reservedConcurrentExecutions: 20, timeout: Duration.seconds(28) },
      sweep: { memorySizeMib: 256, reservedConcurrentExecutions: 2, timeout: Duration.minutes(2) },
      connect: { memorySizeMib: 384, reservedConcurrentExecutions: 5 },
      logRetention: RetentionDays.ONE_WEEK,
      logLevel: 'DEBUG',
    });
    custom.hasResourceProperties('AWS::Lambda::Function', {
      MemorySize: 1024,
      ReservedConcurrentExecutions: 20,
      Timeout: 28,
    });
    custom.hasResourceProperties('AWS::Lambda::Function', {
      MemorySize: 256,
      ReservedConcurrentExecutions: 2,
      Timeout: 120,
    });
    custom.hasResourceProperties('AWS::Lambda::Function', {
      MemorySize: 384,
      ReservedConcurrentExecutions: 5,
      Timeout: 29,
    });
    custom.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
    custom.allResourcesProperties('AWS::Lambda::Function', {
      Environment: { Variables: { POWERTOOLS_LOG_LEVEL: 'DEBUG' } },
    });
  });
});

describe('asynchronous invocation', () => {
  it('is never retried, through no alias either', () => {
    template.allResourcesProperties('AWS::Lambda::EventInvokeConfig', { MaximumRetryAttempts: 0 });
    const qualifiers = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(({ Properties }) =>
      JSON.stringify([Properties.FunctionName, Properties.Qualifier]),
    );
    expect(new Set(qualifiers).size).toBe(3 + 5);
  });

  it('of the sweep puts what failed into the dead-letter queue', () => {
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('^KeeperSweep') },
      MaximumEventAgeInSeconds: 300,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeeperDeadLetters'), 'Arn'] } },
      },
    });
  });
});

describe('the dead-letter queue', () => {
  it('is encrypted, kept for two weeks, and refuses what does not come over TLS', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
      },
    });
  });
});

describe('the aliases of the api function', () => {
  const aliases = resourcesOf(template, 'AWS::Lambda::Alias').map(({ Properties }) => Properties);

  it('are get, revoke, admin, http and connect, all of the same published version', () => {
    expect(aliases.map(({ Name }) => Name).sort()).toEqual(['admin', 'connect', 'get', 'http', 'revoke']);
    const version = Object.keys(template.findResources('AWS::Lambda::Version'));
    expect(version).toHaveLength(1);
    expect(new Set(aliases.map(({ FunctionVersion }) => flat(FunctionVersion)))).toEqual(
      new Set([`<${version[0]}.Version>`]),
    );
  });

  it('keep executions warm where asked to', () => {
    const custom = keeperTemplate({ api: { provisionedConcurrentExecutions: { get: 3 } } });
    const warm = resourcesOf(custom, 'AWS::Lambda::Alias').filter(
      ({ Properties }) => Properties.ProvisionedConcurrencyConfig,
    );
    expect(warm.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        Name: 'get',
        ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 3 },
      }),
    ]);
  });
});
