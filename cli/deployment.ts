/** What a deployment consists of, by the names of the stack's outputs, and clients for AWS or the local run. */
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { awsFailure } from './aws-failure.ts';
import { Failure } from './failure.ts';
import type { StackTarget, Target } from './target.ts';

/** `CfnOutput`s of RingbearerStack that are used here. */
export type OutputName =
  | 'GetAliasArn'
  | 'RevokeAliasArn'
  | 'AdminAliasArn'
  | 'ApiFunctionName'
  | 'SweepFunctionName'
  | 'AppsSecretArn'
  | 'DeadLetterQueueUrl'
  | 'ScheduleGroupName';

export type Deployment = {
  readonly target: Target;
  /** For people: which one it is. */
  readonly title: string;
  readonly status?: string;
  readonly outputs: Readonly<Partial<Record<OutputName, string>>>;
};

/** What every client of the AWS SDK is made with. */
export type ClientOptions = {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
};

export const clientOptionsOf = (target: Target): ClientOptions => {
  if (target.kind === 'local') {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return { endpoint: target.url, region: 'us-east-1', credentials, maxAttempts: 1 };
  }
  const { profile, region } = target;
  return {
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
    maxAttempts: 3,
  };
};

/** Names of the local run's functions and aliases. */
const localOutputs: Deployment['outputs'] = {
  GetAliasArn: 'ringbearer-api:get',
  RevokeAliasArn: 'ringbearer-api:revoke',
  AdminAliasArn: 'ringbearer-api:admin',
  ApiFunctionName: 'ringbearer-api',
  SweepFunctionName: 'ringbearer-sweep',
};

const describeStack = async (client: CloudFormationClient, { stack }: StackTarget) => {
  const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: stack }))).Stacks?.[0];
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ValidationError' && /does not exist/.test(message)) return undefined;
    throw awsFailure(error, {
      permission: 'cloudformation:DescribeStacks',
      resource: `the stack ${stack}`,
    });
  }
};

const findStack = async (target: StackTarget): Promise<Deployment> => {
  const { CloudFormationClient } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient(clientOptionsOf(target));
  const found = await describeStack(client, target);
  const region = await client.config.region();
  const title = `stack ${target.stack} in ${region}`;
  if (found === undefined) {
    throw new Failure('stack-not-found', `There is no ${title}.`, {
      advice: 'Name it with --stack, and where it is with --region and --profile; or use --local.',
    });
  }
  const outputs = Object.fromEntries(
    (found.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]),
  );
  return { target, title, outputs, ...(found.StackStatus !== undefined && { status: found.StackStatus }) };
};

/** Throws {@link Failure} where there is no such stack, or it cannot be looked at. */
export const findDeployment = async (target: Target): Promise<Deployment> =>
  target.kind === 'local'
    ? { target, title: `local run at ${target.url}`, outputs: localOutputs }
    : findStack(target);

/** Throws {@link Failure} where the stack has no such output. */
export const outputOf = ({ outputs, title }: Deployment, name: OutputName): string => {
  const value = outputs[name];
  if (value !== undefined) return value;
  throw new Failure('output-missing', `The ${title} has no output ${name}.`, {
    advice:
      'Is it a Ringbearer stack, and of this version? In a CDK app of your own, give your stack outputs of the names that `RingbearerStack` has.',
  });
};
