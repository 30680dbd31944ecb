/** The environment in which the functions run locally: only the SDK's own endpoint variables and ordinary configuration. */
import { connectAlias } from '../../functions/api/routes.ts';
import type { Settings } from '../../functions/domain/settings.ts';
import { settingsToVariables } from '../../functions/environment.ts';
import { type Database, localCredentials, localRegion } from './database.ts';
import { functionArnOf } from './function-pool.ts';
import type { LocalAws } from './services.ts';

export const appsSecretId = 'ringbearer-apps';
export const jwtSecretId = 'ringbearer-jwt';

export const functionNames = {
  api: 'ringbearer-api',
  sweep: 'ringbearer-sweep',
  connect: 'ringbearer-connect',
} as const;

type Table = Pick<Database, 'url' | 'tableName'>;

/** Where the connect function is, and where it may send browsers afterwards. */
export type ConnectPlace = { readonly url: string; readonly returnTo: readonly string[] };

const ordinary = (database: Table, connect: ConnectPlace | undefined): Record<string, string> => ({
  AWS_REGION: localRegion,
  AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: database.url,
  POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
  POWERTOOLS_SERVICE_NAME: 'ringbearer',
  RINGBEARER_TABLE: database.tableName,
  ...(connect && {
    RINGBEARER_CONNECT_URL: connect.url,
    RINGBEARER_RETURN_TO: connect.returnTo.join(','),
  }),
});

/** Of the api function and the sweep. */
export const localVariables = (
  database: Table,
  aws: Pick<LocalAws, 'url'>,
  settings: Partial<Settings> = {},
  connect?: ConnectPlace,
): Record<string, string> => ({
  ...ordinary(database, connect),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: aws.url,
  RINGBEARER_APPS_SECRET: appsSecretId,
  RINGBEARER_JWT_SECRET: jwtSecretId,
  ...settingsToVariables(settings),
});

/** Of the connect function, which knows no secret. `lambdaUrl`: where functions are invoked. */
export const connectVariables = (
  database: Table,
  lambdaUrl: string,
  connect: ConnectPlace,
): Record<string, string> => ({
  ...ordinary(database, connect),
  AWS_ENDPOINT_URL_LAMBDA: lambdaUrl,
  RINGBEARER_CONNECT_FUNCTION: functionArnOf(functionNames.api, connectAlias),
});
