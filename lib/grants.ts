/** How a consumer gets access: the permission, and the environment variable that says where to turn. */
import { Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { DirectAlias } from '../functions/api/routes.ts';
import { prefixProblem, requestPatterns } from './prefix.ts';
import type { TokenKeeper } from './token-keeper.ts';
import type { GrantOptions } from './token-keeper-props.ts';

/** What each level is told to invoke. A variable for each: a consumer may hold several levels. */
const functionVariables: Record<DirectAlias, string> = {
  get: 'RINGBEARER_FUNCTION',
  revoke: 'RINGBEARER_REVOKE_FUNCTION',
  admin: 'RINGBEARER_ADMIN_FUNCTION',
};
const urlVariable = 'RINGBEARER_URL';

/** Not by `instanceof`: the consumer may have another copy of aws-cdk-lib. Roles, users and aliases have no environment. */
const setEnvironment = (grantee: IGrantable, variable: string, value: string): void => {
  const { addEnvironment } = grantee as Partial<LambdaFunction>;
  addEnvironment?.call(grantee, variable, value);
};

const grantByPrefix = (
  keeper: TokenKeeper,
  level: DirectAlias,
  grantee: IGrantable,
  prefix: string,
): Grant => {
  const problem = prefixProblem(prefix);
  if (problem !== undefined) throw new Error(`${keeper.node.path}: ${problem}`);
  setEnvironment(grantee, urlVariable, keeper.apiUrl);
  return Grant.addToPrincipal({
    grantee,
    actions: ['execute-api:Invoke'],
    resourceArns: requestPatterns(level, prefix).map(pattern =>
      Stack.of(keeper).formatArn({
        service: 'execute-api',
        resource: keeper.httpApi.apiId,
        resourceName: `$default/${pattern}`,
      }),
    ),
  });
};

/** Throws where the prefix is refused. */
export const grantAccess = (
  keeper: TokenKeeper,
  level: DirectAlias,
  grantee: IGrantable,
  { grantIdPrefix }: GrantOptions,
): Grant => {
  if (grantIdPrefix !== undefined) return grantByPrefix(keeper, level, grantee, grantIdPrefix);
  const alias = keeper.aliases[level];
  setEnvironment(grantee, functionVariables[level], alias.functionArn);
  return alias.grantInvoke(grantee);
};
