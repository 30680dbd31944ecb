/** How the functions are made: one prebuilt bundle, one role and one log group each. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type EventInvokeConfigOptions,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { logStatement } from './permissions.ts';

export type FunctionName = 'api' | 'sweep' | 'connect';

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

/** Of the clone, where this file is in `lib`, as well as of the package, where it is in `dist/lib`. */
const packageRoot = (folder = import.meta.dirname): string =>
  existsSync(join(folder, 'package.json')) ? folder : packageRoot(dirname(folder));

/** The folder with a function's bundle. Throws where it has not been built. */
const bundleOf = (folder: string): string => {
  const bundle = join(packageRoot(), 'dist', 'functions', folder);
  if (existsSync(join(bundle, 'index.mjs'))) return bundle;
  throw new Error(`${bundle}/index.mjs is not there: run "npm run build" in ${packageRoot()}`);
};

/**
 * A function of `functions/<folder>/handler.ts`, as it was built. Its log group is encrypted by CloudWatch's own key: by invariant there is no
 * token or secret in a log. It is kept when the stack is deleted, until its retention runs out.
 */
export const createFunction = (
  scope: Construct,
  id: string,
  folder: FunctionName,
  settings: FunctionSettings,
): LambdaFunction => {
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
  return new LambdaFunction(scope, id, {
    description: settings.description,
    code: Code.fromAsset(bundleOf(folder)),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
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
