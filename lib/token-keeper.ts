import { Annotations } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { settingsToVariables } from '../functions/environment.ts';
import { createAliases } from './aliases.ts';
import { createFunction } from './functions.ts';
import { grantAccess } from './grants.ts';
import { createHttpApi } from './http-api.ts';
import { apiStatements, sweepStatements } from './permissions.ts';
import { type Plan, planOf } from './plan.ts';
import { createSchedules, maxEventAge } from './schedules.ts';
import {
  createAppsSecret,
  createDeadLetterQueue,
  createJwtSecret,
  createKey,
  createTable,
} from './storage.ts';
import type { AliasName, GrantOptions, TokenKeeperProps } from './token-keeper-props.ts';

/**
 * Keeps RingCentral OAuth tokens alive: a table of grants, a sweep that refreshes them, and an api that serves and
 * revokes them, by direct invocation and over an HTTP API.
 *
 * Settings, schedule and timeouts are checked together at synth: what could lose a token is an error that names the number to
 * change, what puts one at risk a warning.
 */
export class TokenKeeper extends Construct {
  readonly encryptionKey: IKey;
  readonly table: Table;
  readonly appsSecret: ISecret;
  readonly jwtSecret: ISecret;
  /** Invocations of the sweep that were not delivered, or failed. */
  readonly deadLetterQueue: Queue;
  readonly sweepFunction: LambdaFunction;
  readonly apiFunction: LambdaFunction;
  /** `get`, `revoke` and `admin` are for direct invocation; `http` is the HTTP API's. */
  readonly aliases: Readonly<Record<AliasName, Alias>>;
  readonly httpApi: HttpApi;
  readonly schedules: ScheduleGroup;

  constructor(scope: Construct, id: string, props: TokenKeeperProps = {}) {
    super(scope, id);
    const plan = planOf(props);
    this.report(plan);
    this.encryptionKey = props.encryptionKey ?? createKey(this);
    this.table = createTable(this, this.encryptionKey);
    this.appsSecret = props.appsSecret ?? createAppsSecret(this, this.encryptionKey);
    this.jwtSecret = props.jwtSecret ?? createJwtSecret(this, this.encryptionKey);
    this.deadLetterQueue = createDeadLetterQueue(this);
    this.sweepFunction = this.createSweep(plan, props);
    this.apiFunction = this.createApi(plan, props);
    this.aliases = createAliases(this.apiFunction, props.api?.provisionedConcurrentExecutions ?? {});
    this.httpApi = createHttpApi(this, this.aliases.http, {
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      throttle: props.httpThrottle ?? { rateLimit: 100, burstLimit: 200 },
    });
    this.schedules = createSchedules(this, this.sweepFunction, {
      expression: plan.expression,
      shares: plan.shares,
      maxEventAge: maxEventAge(plan.settings.sweepIntervalMs),
      deadLetterQueue: this.deadLetterQueue,
    });
  }

  /** URL of the HTTP API, without a slash at the end. */
  get apiUrl(): string {
    return this.httpApi.apiEndpoint;
  }

  /** Lets `grantee` get and refresh tokens, and read what is known of a RingCentral grant. */
  grantGetToken(grantee: IGrantable, options: GrantOptions = {}): Grant {
    return grantAccess(this, 'get', grantee, options);
  }

  /** Lets `grantee` revoke RingCentral grants, and nothing else. */
  grantRevoke(grantee: IGrantable, options: GrantOptions = {}): Grant {
    return grantAccess(this, 'revoke', grantee, options);
  }

  /** Lets `grantee` do everything: also import, reinstate and list. By prefix all but list, which cannot be limited. */
  grantAdmin(grantee: IGrantable, options: GrantOptions = {}): Grant {
    return grantAccess(this, 'admin', grantee, options);
  }

  private report({ findings }: Plan): void {
    for (const { severity, setting, message } of findings) {
      if (severity === 'error') Annotations.of(this).addError(message);
      else Annotations.of(this).addWarningV2(`ringbearer:${setting}`, message);
    }
  }

  private createSweep(plan: Plan, props: TokenKeeperProps): LambdaFunction {
    return createFunction(this, 'Sweep', 'sweep', {
      description: 'Ringbearer: refreshes the RingCentral grants that are due',
      ...this.functionSettings(plan, props, 'sweep'),
      timeout: plan.sweepTimeout,
      statements: sweepStatements(this),
      asynchronous: {
        maxEventAge: maxEventAge(plan.settings.sweepIntervalMs),
        onFailure: { bind: () => ({ destination: this.deadLetterQueue.queueArn }) },
      },
    });
  }

  private createApi(plan: Plan, props: TokenKeeperProps): LambdaFunction {
    return createFunction(this, 'Api', 'api', {
      description: 'Ringbearer: serves and revokes RingCentral tokens',
      ...this.functionSettings(plan, props, 'api'),
      timeout: plan.apiTimeout,
      statements: apiStatements(this),
    });
  }

  private functionSettings(plan: Plan, props: TokenKeeperProps, name: 'api' | 'sweep') {
    return {
      memorySizeMib: props[name]?.memorySizeMib ?? 512,
      reservedConcurrentExecutions: props[name]?.reservedConcurrentExecutions,
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      environment: {
        ...settingsToVariables(plan.overrides),
        RINGBEARER_TABLE: this.table.tableName,
        RINGBEARER_APPS_SECRET: this.appsSecret.secretArn,
        RINGBEARER_JWT_SECRET: this.jwtSecret.secretArn,
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
        POWERTOOLS_LOG_LEVEL: props.logLevel ?? 'INFO',
      },
    };
  }
}
