/** The environment in which the functions run locally: only the SDK's own endpoint variables and ordinary configuration. */
import type { Settings } from '../../functions/domain/settings.ts';
import { settingsToVariables } from '../../functions/environment.ts';
import { type Database, localCredentials, localRegion } from './database.ts';
import type { LocalAws } from './services.ts';

export const appsSecretId = 'ringbearer-apps';
export const jwtSecretId = 'ringbearer-jwt';

export const localVariables = (
  database: Pick<Database, 'url' | 'tableName'>,
  aws: Pick<LocalAws, 'url'>,
  settings: Partial<Settings> = {},
): Record<string, string> => ({
  AWS_REGION: localRegion,
  AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: database.url,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: aws.url,
  POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
  POWERTOOLS_SERVICE_NAME: 'ringbearer',
  RINGBEARER_TABLE: database.tableName,
  RINGBEARER_APPS_SECRET: appsSecretId,
  RINGBEARER_JWT_SECRET: jwtSecretId,
  ...settingsToVariables(settings),
});
