/** What must outlive the stack: the key, the table and the apps secret; and the queue for what failed. */
import { Duration, RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { table as names } from '../functions/adapters/table.ts';

export const createKey = (scope: Construct): Key =>
  new Key(scope, 'Key', {
    description:
      'Ringbearer: encrypts the grants and the client credentials. Without it every grant is lost.',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });

/**
 * `Table` and not `TableV2`, whose point is replicas: a conditional write holds within one region, and two regions that
 * refresh the same grant would spend each other's tokens.
 */
export const createTable = (scope: Construct, encryptionKey: IKey): Table => {
  const { partitionKey, dueIndex, stateIndex, ttlAttribute } = names;
  const table = new Table(scope, 'Table', {
    partitionKey: { name: partitionKey, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: ttlAttribute,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  table.addGlobalSecondaryIndex({
    indexName: dueIndex.name,
    partitionKey: { name: dueIndex.partitionKey, type: AttributeType.NUMBER },
    sortKey: { name: dueIndex.sortKey, type: AttributeType.NUMBER },
    projectionType: ProjectionType.KEYS_ONLY,
  });
  table.addGlobalSecondaryIndex({
    indexName: stateIndex.name,
    partitionKey: { name: stateIndex.partitionKey, type: AttributeType.STRING },
    sortKey: { name: stateIndex.sortKey, type: AttributeType.STRING },
    projectionType: ProjectionType.KEYS_ONLY,
  });
  return table;
};

/**
 * Never to be changed, not by one character: CloudFormation writes the value again when the template's differs from the
 * template's before, and would put this in place of the real credentials of everybody who has deployed.
 */
export const placeholderApps = JSON.stringify({
  apps: [
    {
      name: 'REPLACE-ME',
      server: 'https://platform.devtest.ringcentral.com',
      clientId: 'REPLACE-ME',
      clientSecret: 'REPLACE-ME',
    },
  ],
});

export const createAppsSecret = (scope: Construct, encryptionKey: IKey): ISecret => {
  const secret = new Secret(scope, 'AppsSecret', {
    description:
      'Ringbearer: {"apps":[{name, server, clientId, clientSecret}]}. Replace the value after the first deployment.',
    secretStringValue: SecretValue.unsafePlainText(placeholderApps),
    encryptionKey,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'RingCentral issues client secrets in its developer console and has no API to rotate them: a person replaces the value, and the functions read it again when the old one is refused.',
  });
  // Under exactOptionalPropertyTypes the CDK's own classes do not fit its interfaces.
  return secret as ISecret;
};

/** Never to be changed either, and for the same reason. */
export const placeholderCredentials = JSON.stringify({ credentials: [] });

export const createJwtSecret = (scope: Construct, encryptionKey: IKey): ISecret => {
  const secret = new Secret(scope, 'JwtSecret', {
    description: 'Ringbearer: {"credentials":[{name, app, jwt}]}, for grants that no person authorises.',
    secretStringValue: SecretValue.unsafePlainText(placeholderCredentials),
    encryptionKey,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(secret).acknowledge({
    id: 'AwsSolutions-SMG4',
    reason:
      'RingCentral issues JWT credentials in its developer console and has no API to rotate them: a person replaces the value, and the functions read it again when the old one is refused.',
  });
  return secret as ISecret;
};

/** Encrypted with SQS's own key: a message is a list of lanes, and a sender under a key of ours would need the key as well. */
export const createDeadLetterQueue = (scope: Construct): Queue => {
  const queue = new Queue(scope, 'DeadLetters', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'This is the dead-letter queue: nothing consumes it, so nothing in it can fail again.',
  });
  return queue;
};
