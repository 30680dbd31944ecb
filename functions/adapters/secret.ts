/** A secret of Secrets Manager that is JSON text, read seldom and parsed once. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import { ConfigurationError } from '../environment.ts';
import type { Clock } from '../keeper/ports.ts';

/** `name`: what messages call it. `parse`: throws {@link ConfigurationError}, quoting nothing. */
export type Secret<T> = {
  readonly id: string;
  readonly name: string;
  readonly parse: (text: string) => readonly T[];
};

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Valibot's own messages quote what they received; ours do not. */
const expectation = (issue: v.BaseIssue<unknown>): string =>
  issue.message.startsWith('Invalid') ? `expected ${issue.expected ?? 'something else'}` : issue.message;

export const invalidSecret = (
  name: string,
  issue: v.BaseIssue<unknown>,
  form: string,
): ConfigurationError => {
  const where = v.getDotPath(issue);
  return new ConfigurationError(
    `The ${name} is not valid${where === null ? '' : ` at ${where}`}: ${expectation(issue)}. It must be ${form}.`,
  );
};

export type SecretReader<T> = (options?: { readonly fresh?: boolean }) => Promise<readonly T[]>;

export const createSecretReader = <T>(
  client: SecretsManagerClient,
  { id, name, parse }: Secret<T>,
  cacheMs: number,
  clock: Clock,
): SecretReader<T> => {
  let cached: { readonly value: readonly T[]; readonly readAt: number } | undefined;
  let reading: Promise<readonly T[]> | undefined;

  const read = async (): Promise<readonly T[]> => {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: id }));
    if (text === undefined) throw new ConfigurationError(`The ${name} is binary; it must be JSON text.`);
    const value = parse(text);
    cached = { value, readAt: clock.now() };
    return value;
  };

  /** However many ask at once, the secret is read once. */
  const readOnce = (): Promise<readonly T[]> => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return async ({ fresh = false } = {}) => {
    if (!fresh && cached !== undefined && clock.now() - cached.readAt < cacheMs) return cached.value;
    try {
      return await readOnce();
    } catch (error) {
      // What was valid a moment ago keeps tokens alive while the secret cannot be read.
      if (cached === undefined || fresh) throw error;
      return cached.value;
    }
  };
};
