/** The deployed Ringbearer, by direct invocation: each action through the least privileged alias that may be invoked. */
import type { InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import type { Problem } from '../functions/api/problems.ts';
import type { AppView, GrantView, TokenView } from '../functions/api/views.ts';
import type { SweepReport } from '../functions/keeper/sweep.ts';
import { apiFailure } from './api-failure.ts';
import { type Attempt, awsFailure, isDenied } from './aws-failure.ts';
import { clientOptionsOf, type Deployment, type OutputName, outputOf } from './deployment.ts';
import { Failure } from './failure.ts';

/** What a view leaves out where there is nothing to say. */
type Sparse =
  | ('label' | 'endpointId' | 'scope' | 'accessExpiresAt' | 'refreshExpiresAt')
  | ('cacheUntil' | 'dueAt' | 'holdUntil' | 'lastError');

/** As the API shows it. */
export type Grant = Omit<GrantView, Sparse | 'kind' | 'credential'> &
  Partial<Pick<GrantView, Sparse>> & {
    readonly kind?: 'user' | 'jwt';
    /** Of a `jwt` grant: the name of its credential. */
    readonly credential?: string;
  };
export type App = Omit<AppView, 'holdUntil'> & { readonly holdUntil?: string };
export type Token = TokenView;
export type ConnectLink = { readonly grantId: string; readonly url: string; readonly expiresAt: string };
export type Page = { readonly grants: readonly Grant[]; readonly cursor: string | null };

type Results = {
  getToken: Token;
  refreshToken: Token;
  getGrant: Grant;
  listGrants: Page;
  listApps: { readonly apps: readonly App[] };
  putGrant: Grant;
  createConnectLink: ConnectLink;
  reinstateGrant: Grant;
  revokeGrant: Grant;
};
export type Action = keyof Results;

/** Fields of a direct invocation beside `action`. */
export type Fields = { readonly grantId?: string } & Readonly<Record<string, unknown>>;

export type Keeper = {
  /** Throws {@link Failure} with the API's code, or with what kept the API from being asked. */
  call<A extends Action>(action: A, fields?: Fields): Promise<Results[A]>;
  sweep(event: { readonly dryRun?: boolean }): Promise<SweepReport>;
};

/** Whoever may do everything may do it through `admin` only, so that is tried where the lesser one is closed. */
const aliasesOf = (action: Action): readonly OutputName[] => {
  switch (action) {
    case 'getToken':
    case 'refreshToken':
    case 'getGrant':
      return ['GetAliasArn', 'AdminAliasArn'];
    case 'revokeGrant':
      return ['RevokeAliasArn', 'AdminAliasArn'];
    default:
      return ['AdminAliasArn'];
  }
};

/** A sweep may take its whole interval, Lambda's longest invocation. */
const requestTimeoutMs = 900_000;

const createClient = async ({ target }: Deployment): Promise<LambdaClient> => {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const requestHandler = { connectionTimeout: 5000, requestTimeout: requestTimeoutMs };
  return new LambdaClient({ ...clientOptionsOf(target), requestHandler });
};

const parse = (payload: Uint8Array | undefined): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
};

const functionFailure = (name: string, answer: unknown): Failure => {
  const { errorType = 'unknown' } = (answer ?? {}) as { errorType?: string };
  return new Failure('function-failed', `The function ${name} failed (${errorType}).`, {
    advice: 'Its log in CloudWatch says why.',
  });
};

/** Throws what the SDK throws. */
const invoke = async (client: LambdaClient, name: string, event: object): Promise<unknown> => {
  const { InvokeCommand } = await import('@aws-sdk/client-lambda');
  const command = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) });
  const { FunctionError, Payload }: InvokeCommandOutput = await client.send(command);
  const answer = parse(Payload);
  if (FunctionError !== undefined) throw functionFailure(name, answer);
  return answer;
};

type DirectAnswer<T> =
  | { readonly ok: true; readonly result: T }
  | { readonly ok: false; readonly error: Problem };

const isDirectAnswer = <T>(answer: unknown): answer is DirectAnswer<T> => {
  const { ok, result, error } = (answer ?? {}) as Record<string, unknown>;
  return ok === true ? typeof result === 'object' : ok === false && typeof error === 'object';
};

export const createKeeper = (deployment: Deployment): Keeper => {
  const { target } = deployment;
  let client: Promise<LambdaClient> | undefined;
  const attempt = (resource: string): Attempt => ({
    permission: 'lambda:InvokeFunction',
    resource,
    ...(target.kind === 'local' && { localUrl: target.url }),
  });

  const send = async (name: string, event: object): Promise<unknown> => {
    client ??= createClient(deployment);
    return invoke(await client, name, event);
  };

  const sendThrough = async ([first, ...others]: readonly string[], event: object): Promise<unknown> => {
    if (first === undefined) throw new Error('every action has an alias');
    try {
      return await send(first, event);
    } catch (error) {
      // Denied by IAM: nothing was invoked, so nothing is done twice.
      if (isDenied(error) && others.length > 0) return sendThrough(others, event);
      throw awsFailure(error, attempt(first));
    }
  };

  return {
    call: async <A extends Action>(action: A, fields: Fields = {}): Promise<Results[A]> => {
      const functions = aliasesOf(action).map(name => outputOf(deployment, name));
      const answer = await sendThrough(functions, { action, ...fields });
      if (!isDirectAnswer<Results[A]>(answer)) {
        throw new Failure('unexpected-answer', `${functions[0]} does not answer as Ringbearer does.`, {
          advice: 'Is it the right --stack, and of this version?',
        });
      }
      if (!answer.ok) throw apiFailure(answer.error, fields.grantId);
      return answer.result;
    },
    sweep: async event =>
      (await sendThrough([outputOf(deployment, 'SweepFunctionName')], event)) as SweepReport,
  };
};
