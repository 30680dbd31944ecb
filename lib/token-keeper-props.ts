import type { Duration } from 'aws-cdk-lib';
import type { ThrottleSettings } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { DirectAlias, httpAlias } from '../functions/api/routes.ts';
import type { Settings } from '../functions/domain/settings.ts';

export type AliasName = DirectAlias | typeof httpAlias;

export interface FunctionProps {
  /** Memory, in MiB. @default 512 */
  readonly memorySizeMib?: number;
  /** @default - api: 29 seconds (API Gateway gives up after 30); sweep: 5 minutes, or the schedule's interval where that is shorter */
  readonly timeout?: Duration;
  /**
   * Executions set aside for this function, and its limit.
   * @default - none: new accounts have too few to set any aside
   */
  readonly reservedConcurrentExecutions?: number;
}

export interface ApiFunctionProps extends FunctionProps {
  /** Executions kept warm, by alias. @default - none */
  readonly provisionedConcurrentExecutions?: Partial<Record<AliasName, number>>;
}

/** Its timeout is API Gateway's: 29 seconds. */
export interface ConnectProps extends Omit<FunctionProps, 'timeout'> {
  /**
   * Where people reach it, if a domain of yours stands before its API: `https://connect.example.com`, without a path.
   * @default - the URL of its API
   */
  readonly url?: string;
  /**
   * URL prefixes to which a link may send the browser in the end, such as `https://app.example.com/connected`. A prefix ends at a path
   * segment.
   * @default - none: people are shown a page that says that their account is connected
   */
  readonly returnTo?: readonly string[];
  /** Limits over all visitors, in requests per second and in a burst. @default - 20 per second, burst of 40 */
  readonly throttle?: ThrottleSettings;
}

export interface TokenKeeperProps {
  /**
   * Secret with the apps: `{"apps":[{"name","server","clientId","clientSecret"}]}`. An imported one under a key of yours must be
   * imported with that key (`Secret.fromSecretAttributes`), so that the functions may use it.
   * @default - created with a placeholder that is to be replaced, encrypted with `encryptionKey`, retained
   */
  readonly appsSecret?: ISecret;
  /**
   * Secret with the JWT credentials: `{"credentials":[{"name","app","jwt"}]}`. An imported one as `appsSecret`.
   * @default - created with an empty list, encrypted with `encryptionKey`, retained
   */
  readonly jwtSecret?: ISecret;
  /** Encrypts the table and the secrets created here. @default - a new key with rotation, retained */
  readonly encryptionKey?: IKey;
  /**
   * Durations and bounds of the protocol that differ from `defaultSettings`. A combination that could lose a token is
   * refused at synth.
   * @default - `defaultSettings`, with a `waitBudgetMs` of 8000 so that a getter is done within 29 seconds
   */
  readonly settings?: Partial<Settings>;
  /**
   * When the sweep comes round, in place of `settings.sweepIntervalMs`: its longest interval is determined and checked.
   * @default - every `settings.sweepIntervalMs` (5 minutes)
   */
  readonly schedule?: ScheduleExpression;
  /** Schedules among which the 16 lanes are shared evenly: 1, 2, 4, 8 or 16. More of them sweep more grants at once. @default 1 */
  readonly sweepSchedules?: number;
  /** The function that refreshes what is due. */
  readonly sweep?: FunctionProps;
  /** The function that serves and revokes. */
  readonly api?: ApiFunctionProps;
  /** The function, open to the public, with which people connect their accounts. False: there is none. */
  readonly connect?: ConnectProps | false;
  /** How long the logs of the functions and the HTTP APIs' access logs are kept. @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays;
  /** @default 'INFO' */
  readonly logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  /** Limits of the HTTP API over all callers, in requests per second and in a burst. @default - 100 per second, burst of 200 */
  readonly httpThrottle?: ThrottleSettings;
}

export interface GrantOptions {
  /**
   * Limits the grant to RingCentral grants whose ids begin so, over HTTP. It must end in `:` or `~`, for example `acme:`.
   * @default - every RingCentral grant, by direct invocation of the function's alias
   */
  readonly grantIdPrefix?: string;
}
