/** The ways in to the api function: each alias is an ARN of its own, and may be granted by itself. */
import { Alias, type IVersion, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { connectAlias, httpAlias } from '../functions/api/routes.ts';
import type { AliasName } from './token-keeper-props.ts';

const descriptions: Record<AliasName | typeof connectAlias, string> = {
  get: 'Direct invocation: get and refresh tokens',
  revoke: 'Direct invocation: revoke',
  admin: 'Direct invocation: every action',
  [httpAlias]: 'The HTTP API, and granted to nobody else',
  [connectAlias]: 'The connect function, and granted to nobody else',
};

/** An alias has its own settings for asynchronous invocation: those of the function do not hold for it. */
const createAlias = (
  api: LambdaFunction,
  aliasName: keyof typeof descriptions,
  provisioned?: number,
): Alias =>
  new Alias(api, `Alias-${aliasName}`, {
    aliasName,
    description: descriptions[aliasName],
    // Under exactOptionalPropertyTypes the CDK's own classes do not fit its interfaces.
    version: api.currentVersion as IVersion,
    retryAttempts: 0,
    ...(provisioned !== undefined && { provisionedConcurrentExecutions: provisioned }),
  });

export const createAliases = (
  api: LambdaFunction,
  provisioned: Partial<Record<AliasName, number>>,
): Record<AliasName, Alias> => {
  const create = (name: AliasName): Alias => createAlias(api, name, provisioned[name]);
  return { get: create('get'), revoke: create('revoke'), admin: create('admin'), http: create(httpAlias) };
};

export const createConnectAlias = (api: LambdaFunction): Alias => createAlias(api, connectAlias);
