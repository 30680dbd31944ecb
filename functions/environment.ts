/** The functions' configuration: environment variables, read and checked once at start. */
import { parseReturnTo } from './domain/return-to.ts';
import { checkSettings, defaultSettings, type Settings } from './domain/settings.ts';

/** Where the connect function is, and where it may send a browser that has connected an account. */
export type ConnectEnvironment = { readonly url: string; readonly returnTo: readonly string[] };

export type Environment = {
  readonly tableName: string;
  /** Name or ARN of the secret that holds the apps. */
  readonly appsSecretId: string;
  /** The same of the secret that holds the JWT credentials; absent where there are none. */
  readonly jwtSecretId?: string;
  readonly settings: Settings;
  /** Absent where there is no connect function. */
  readonly connect?: ConnectEnvironment;
};

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** `leaseMs` → `RINGBEARER_LEASE_MS`. */
export const variableOf = (setting: string): string =>
  `RINGBEARER_${setting.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`;

const parseSetting = (variable: string, text: string, example: Settings[keyof Settings]): unknown => {
  switch (typeof example) {
    case 'number':
      if (/^\d{1,15}$/.test(text)) return Number(text);
      throw new ConfigurationError(`${variable} must be a whole number`);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw new ConfigurationError(`${variable} must be true or false`);
    case 'string':
      if (text === 'grant' || text === 'app') return text;
      throw new ConfigurationError(`${variable} must be grant or app`);
    default:
      if (/^\d{1,15}(,\d{1,15})*$/.test(text)) return text.split(',').map(Number);
      throw new ConfigurationError(`${variable} must be whole numbers separated by commas`);
  }
};

/** Settings as environment variables; the inverse of what `readSettings` reads. */
export const settingsToVariables = (settings: Partial<Settings>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings).map(([setting, value]) => [variableOf(setting), String(value)]),
  );

/** Throws {@link ConfigurationError} naming the value to change where the combination could lose a token. */
export const readSettings = (variables: NodeJS.ProcessEnv): Settings => {
  const overrides = (Object.keys(defaultSettings) as (keyof Settings)[]).flatMap(setting => {
    const text = variables[variableOf(setting)];
    return text === undefined || text === ''
      ? []
      : [[setting, parseSetting(variableOf(setting), text, defaultSettings[setting])]];
  });
  const settings = { ...defaultSettings, ...Object.fromEntries(overrides) } as Settings;
  const errors = checkSettings(settings).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    throw new ConfigurationError(
      errors.map(({ setting, message }) => `${variableOf(setting)}: ${message}`).join('; '),
    );
  }
  return settings;
};

export const required = (variables: NodeJS.ProcessEnv, variable: string): string => {
  const value = variables[variable];
  if (value === undefined || value === '') throw new ConfigurationError(`${variable} is not set`);
  return value;
};

/** Undefined where there is no connect function. */
export const readConnect = (variables: NodeJS.ProcessEnv): ConnectEnvironment | undefined => {
  const { RINGBEARER_CONNECT_URL: url, RINGBEARER_RETURN_TO: returnTo } = variables;
  return url === undefined || url === '' ? undefined : { url, returnTo: parseReturnTo(returnTo) };
};

const optionalJwtSecret = (jwtSecretId: string | undefined) =>
  jwtSecretId === undefined || jwtSecretId === '' ? undefined : { jwtSecretId };

const optionalConnect = (connect: ConnectEnvironment | undefined) => connect && { connect };

export const readEnvironment = (variables: NodeJS.ProcessEnv): Environment => ({
  ...optionalConnect(readConnect(variables)),
  tableName: required(variables, 'RINGBEARER_TABLE'),
  appsSecretId: required(variables, 'RINGBEARER_APPS_SECRET'),
  ...optionalJwtSecret(variables.RINGBEARER_JWT_SECRET),
  settings: readSettings(variables),
});
