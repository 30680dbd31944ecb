/** The direct way in: `lambda:InvokeFunction` through an alias that allows the action. */
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import type { Runtime } from '../runtime.ts';
import { logger } from '../telemetry.ts';
import { type Answer, perform } from './actions.ts';
import { ApiError, invalid, type Problem, toProblem } from './problems.ts';
import type { RawRequest } from './requests.ts';
import { type Action, allowedThrough, connectAlias, directAliases } from './routes.ts';

export type DirectAnswer =
  | { readonly ok: true; readonly result: Answer['result'] }
  | { readonly ok: false; readonly error: Problem };

/** Which fields each action takes, besides `action` and `grantId`. */
const fieldsOf: Record<Action, readonly (keyof RawRequest)[]> = {
  getToken: ['grantId', 'minTtl'],
  refreshToken: ['grantId', 'rejectedGeneration'],
  getGrant: ['grantId'],
  listGrants: ['state', 'limit', 'cursor'],
  listApps: [],
  putGrant: ['grantId', 'body', 'ifMatch'],
  reinstateGrant: ['grantId'],
  revokeGrant: ['grantId'],
  createConnectLink: ['grantId', 'body'],
  connectGrant: ['grantId', 'body'],
};

const actions = Object.keys(fieldsOf) as Action[];

const requestOf = (event: unknown): RawRequest => {
  const parsed = v.safeParse(v.looseObject({ action: v.picklist(actions) }), event);
  if (!parsed.success) throw invalid(`"action" must be one of ${actions.join(', ')}.`);
  const { action, ...fields } = parsed.output;
  const known: readonly string[] = fieldsOf[action];
  if (Object.keys(fields).some(name => !known.includes(name))) {
    throw invalid(`${action} takes ${known.length === 0 ? '' : `${known.join(', ')} and `}nothing else.`);
  }
  return { action, ...fields };
};

/** IAM cannot see a payload, but it can grant an alias: so each alias allows its actions only, and no alias allows none. */
const checkAlias = (alias: string | undefined, action: Action): void => {
  if (allowedThrough(alias, action)) return;
  const aliases = [...directAliases, connectAlias].filter(candidate => allowedThrough(candidate, action));
  throw new ApiError(
    'forbidden',
    `${action} is allowed through the alias ${aliases.join(' or ')} of this function.`,
  );
};

export const createDirectHandler =
  (runtime: Runtime) =>
  async (event: unknown, context: Context, alias: string | undefined): Promise<DirectAnswer> => {
    try {
      const request = requestOf(event);
      checkAlias(alias, request.action);
      const deadlineAt = runtime.deadlineAt(context.getRemainingTimeInMillis());
      const { result } = await perform(runtime, request, deadlineAt);
      return { ok: true, result };
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'internal-error') {
        logger.error('internal-error', { errorName: (error as Error).name });
      }
      return { ok: false, error: problem };
    }
  };
