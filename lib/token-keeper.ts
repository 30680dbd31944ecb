import { Annotations, Duration } from 'aws-cdk-lib';
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
import { callbackPath } from '../functions/connect/routes.ts';
import { settingsToVariables } from '../functions/environment.ts';
import { createAliases, createConnectAlias } from './aliases.ts';
import { apiGatewayLimitMs } from './checks.ts';
import { addConnectRoutes, createConnectApi } from './connect-api.ts';
import { createFunction, type FunctionName } from './functions.ts';
import { grantAccess } from './grants.ts';
import { createHttpApi } from './http-api.ts';
import { apiStatements, connectStatements, sweepStatements } from './permissions.ts';
import { type Plan, planOf } from './plan.ts';
import { createSchedules, maxEventAge } from './schedules.ts';
import {
  createAppsSecret,
  createDeadLetterQueue,
  createJwtSecret,
  createKey,
  createTable,
} from './storage.ts';
import type { AliasName, ConnectProps, GrantOptions, TokenKeeperProps } from './token-keeper-props.ts';

/**
 * Keeps RingCentral OAuth tokens alive: a table of grants, a sweep that refreshes them, and an api that serves and
 * revokes them, by direct invocation and over an HTTP API; and a public function with which people connect their accounts.
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
  /** Where people connect their accounts; absent, as its API and URL, with `connect: false`. */
  readonly connectFunction?: LambdaFunction;
  /** Open to the public. */
  readonly connectApi?: HttpApi;
  /** Base URL of the connect function, without a slash at the end. */
  readonly connectUrl?: string;
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
    const { logRetention = RetentionDays.THREE_MONTHS, connect = {} } = props;
    if (connect !== false) {
      const throttle = connect.throttle ?? { rateLimit: 20, burstLimit: 40 };
      this.connectApi = createConnectApi(this, { logRetention, throttle });
      this.connectUrl = connect.url ?? this.connectApi.apiEndpoint;
    }
    this.apiFunction = this.createApi(plan, props);
    this.aliases = createAliases(this.apiFunction, props.api?.provisionedConcurrentExecutions ?? {});
    this.httpApi = createHttpApi(this, this.aliases.http, {
      logRetention,
      throttle: props.httpThrottle ?? { rateLimit: 100, burstLimit: 200 },
    });
    if (this.connectApi) {
      this.connectFunction = this.createConnect(props);
      addConnectRoutes(this.connectApi, this.connectFunction);
    }
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

  /** What to register as redirect URI with the app at RingCentral. */
  get redirectUri(): string | undefined {
    return this.connectUrl === undefined ? undefined : this.connectUrl + callbackPath;
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
      ...this.functionSettings('sweep', props, this.keeperVariables(plan)),
      timeout: plan.sweepTimeout,
      statements: sweepStatements(this),
      asynchronous: {
        maxEventAge: maxEventAge(plan.settings.sweepIntervalMs),
        onFailure: { bind: () => ({ destination: this.deadLetterQueue.queueArn }) },
      },
    });
  }

  private createApi(plan: Plan, props: TokenKeeperProps): LambdaFunction {
    const variables = { ...this.keeperVariables(plan), ...this.connectVariables(props) };
    return createFunction(this, 'Api', 'api', {
      description: 'Ringbearer: serves and revokes RingCentral tokens',
      ...this.functionSettings('api', props, variables),
      timeout: plan.apiTimeout,
      statements: apiStatements(this),
    });
  }

  private createConnect(props: TokenKeeperProps): LambdaFunction {
    const alias = createConnectAlias(this.apiFunction);
    const variables = { ...this.connectVariables(props), RINGBEARER_CONNECT_FUNCTION: alias.functionArn };
    return createFunction(this, 'Connect', 'connect', {
      description: 'Ringbearer: lets people connect their RingCentral accounts',
      ...this.functionSettings('connect', props, variables),
      timeout: Duration.millis(apiGatewayLimitMs),
      statements: connectStatements(this, alias),
    });
  }

  private keeperVariables(plan: Plan): Record<string, string> {
    return {
      ...settingsToVariables(plan.overrides),
      RINGBEARER_APPS_SECRET: this.appsSecret.secretArn,
      RINGBEARER_JWT_SECRET: this.jwtSecret.secretArn,
    };
  }

  private connectVariables({ connect }: TokenKeeperProps): Record<string, string> {
    if (this.connectUrl === undefined) return {};
    const { returnTo = [] }: ConnectProps = connect || {};
    return { RINGBEARER_CONNECT_URL: this.connectUrl, RINGBEARER_RETURN_TO: returnTo.join(',') };
  }

  private functionSettings(name: FunctionName, props: TokenKeeperProps, variables: Record<string, string>) {
    const { memorySizeMib = 512, reservedConcurrentExecutions } = props[name] || {};
    return {
      memorySizeMib,
      reservedConcurrentExecutions,
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      environment: {
        ...variables,
        RINGBEARER_TABLE: this.table.tableName,
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
        POWERTOOLS_LOG_LEVEL: props.logLevel ?? 'INFO',
      },
    };
  }
}
