/** Everything the functions and the schedules may do, and nothing else. */
import { Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { table as names } from '../functions/adapters/table.ts';

export type Resources = {
  readonly table: Table;
  readonly appsSecret: ISecret;
  readonly jwtSecret: ISecret;
  readonly encryptionKey: IKey;
  readonly deadLetterQueue: Queue;
};

const allow = (
  actions: string[],
  resources: string[],
  conditions?: Record<string, Record<string, string>>,
): PolicyStatement => new PolicyStatement({ actions, resources, ...(conditions && { conditions }) });

/** The key may be used through one service only: a role cannot decrypt anything with it by itself. */
const useKey = (key: IKey, service: string, actions: string[]): PolicyStatement =>
  allow(actions, [key.keyArn], {
    StringEquals: { 'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com` },
  });

/** What DynamoDB documents for reading and writing a table under a customer-managed key, without its wildcards. */
const tableKeyActions = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** An imported secret may be known by name only: the six `?` stand for the suffix that Secrets Manager adds. */
const secretArn = (secret: ISecret): string => secret.secretFullArn ?? `${secret.secretArn}-??????`;

/** Each key once, however many secrets are under it. */
const readSecrets = (secrets: readonly ISecret[]): PolicyStatement[] => {
  const keys = new Set(secrets.flatMap(({ encryptionKey }) => encryptionKey ?? []));
  return [
    allow(['secretsmanager:GetSecretValue'], secrets.map(secretArn)),
    ...[...keys].map(key => useKey(key, 'secretsmanager', ['kms:Decrypt'])),
  ];
};

const shared = ({ table, appsSecret, jwtSecret, encryptionKey }: Resources): PolicyStatement[] => [
  useKey(encryptionKey, 'dynamodb', tableKeyActions),
  ...readSecrets([appsSecret, jwtSecret]),
  allow(
    ['events:PutEvents'],
    [Stack.of(table).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
    { StringEquals: { 'events:source': 'ringbearer' } },
  ),
];

/** Reads what is due, begins and commits by conditional update. */
export const sweepStatements = (resources: Resources): PolicyStatement[] => [
  allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [resources.table.tableArn]),
  allow(['dynamodb:Query'], [`${resources.table.tableArn}/index/${names.dueIndex.name}`]),
  allow(['sqs:SendMessage'], [resources.deadLetterQueue.queueArn]),
  ...shared(resources),
];

/** Serves, imports and revokes by conditional update; lists from the index of states. */
export const apiStatements = (resources: Resources): PolicyStatement[] => [
  allow(['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem'], [resources.table.tableArn]),
  allow(['dynamodb:Query'], [`${resources.table.tableArn}/index/${names.stateIndex.name}`]),
  ...shared(resources),
];

/**
 * Reads and writes connect links, and hands codes to the api function: no grant, no secret, no index. `ForAllValues` alone is true of a
 * request that names no key at all. Both actions name theirs always; `Null` says so to IAM, instead of relying on it.
 */
export const connectStatements = (
  { table, encryptionKey }: Pick<Resources, 'table' | 'encryptionKey'>,
  alias: Alias,
): PolicyStatement[] => [
  allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], [table.tableArn], {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `${names.linkKeyPrefix}*` },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  }),
  useKey(encryptionKey, 'dynamodb', tableKeyActions),
  allow(['lambda:InvokeFunction'], [alias.functionArn]),
];

/** In place of the managed AWSLambdaBasicExecutionRole, which may write to every log group. */
export const logStatement = (logGroup: LogGroup): PolicyStatement =>
  allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);

export const scheduleStatements = (sweep: LambdaFunction, deadLetterQueue: Queue): PolicyStatement[] => [
  allow(['lambda:InvokeFunction'], [sweep.functionArn]),
  allow(['sqs:SendMessage'], [deadLetterQueue.queueArn]),
];
