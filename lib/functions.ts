/** How both functions are built: one bundle, one role and one log group each. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type EventInvokeConfigOptions, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { logStatement } from './permissions.ts';

export type FunctionSettings = {
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySizeMib: number;
  readonly reservedConcurrentExecutions: number | undefined;
  readonly logRetention: RetentionDays;
  readonly environment: Record<string, string>;
  readonly statements: readonly PolicyStatement[];
  /** For asynchronous invocations, which are never retried. */
  readonly asynchronous?: Pick<EventInvokeConfigOptions, 'maxEventAge' | 'onFailure'>;
};

const packageRoot = dirname(import.meta.dirname);

/**
 * The bundler resolves paths from the folder of the lock file: this package's own in a clone, the consuming project's where
 * this is installed as a dependency. Nothing is looked up from the working directory.
 */
const findLockFile = (from = packageRoot): string => {
  const found = ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock']
    .map(name => join(from, name))
    .find(existsSync);
  if (found !== undefined) return found;
  return dirname(from) === from ? join(packageRoot, 'package.json') : findLockFile(dirname(from));
};

/**
 * The SDK is bundled, so that what runs is what was tested. White space and syntax are minified and names are kept, in lines
 * of readable length: a stack trace names the functions without a source map, which Node would parse at every cold start.
 */
const bundling: BundlingOptions = {
  format: OutputFormat.ESM,
  mainFields: ['module', 'main'],
  bundleAwsSDK: true,
  logLevel: LogLevel.WARNING,
  esbuildArgs: { '--minify-syntax': true, '--minify-whitespace': true, '--line-limit': '160' },
};

/**
 * A function of `functions/<folder>/handler.ts`. Its log group is encrypted by CloudWatch's own key: by invariant there is no
 * token or secret in a log. It is kept when the stack is deleted, until its retention runs out.
 */
export const createFunction = (
  scope: Construct,
  id: string,
  folder: 'api' | 'sweep',
  settings: FunctionSettings,
): NodejsFunction => {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: settings.logRetention,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: {
      function: new PolicyDocument({ statements: [...settings.statements, logStatement(logGroup)] }),
    },
  });
  const { reservedConcurrentExecutions } = settings;
  return new NodejsFunction(scope, id, {
    description: settings.description,
    entry: join(packageRoot, 'functions', folder, 'handler.ts'),
    depsLockFilePath: findLockFile(),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    bundling,
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    timeout: settings.timeout,
    memorySize: settings.memorySizeMib,
    ...(reservedConcurrentExecutions !== undefined && { reservedConcurrentExecutions }),
    environment: settings.environment,
    ...settings.asynchronous,
    retryAttempts: 0,
  });
};
