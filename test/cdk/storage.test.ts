import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { TokenKeeper } from '../../lib/token-keeper.ts';
import { flat, keeperTemplate, newApp, resourcesOf, roleStatements } from './support.ts';

const template = keeperTemplate();
const retained = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };

describe('the table', () => {
  it('is on demand, protected from deletion, retained, recoverable, and drops what has expired', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      ...retained,
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'deleteAtSeconds', Enabled: true },
        ProvisionedThroughput: Match.absent(),
        TableName: Match.absent(),
      },
    });
  });

  it('is keyed by pk, with a due index by number and an index of states, both keys only', () => {
    const index = (IndexName: string, hash: string, range: string) => ({
      IndexName,
      KeySchema: [
        { AttributeName: hash, KeyType: 'HASH' },
        { AttributeName: range, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    });
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [index('due', 'lane', 'dueAt'), index('byState', 'state', 'pk')],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'lane', AttributeType: 'N' },
        { AttributeName: 'dueAt', AttributeType: 'N' },
        { AttributeName: 'state', AttributeType: 'S' },
      ],
    });
  });

  it('is encrypted with a key of the account that rotates and is retained', () => {
    template.hasResource('AWS::KMS::Key', { ...retained, Properties: { EnableKeyRotation: true } });
    const [table] = resourcesOf(template, 'AWS::DynamoDB::Table');
    const encryption = table?.Properties.SSESpecification as Record<string, unknown>;
    expect(encryption).toMatchObject({ SSEEnabled: true, SSEType: 'KMS' });
    expect(flat(encryption.KMSMasterKeyId)).toMatch(/^<KeeperKey\w+\.Arn>$/);
  });
});

describe('the apps secret', () => {
  it('is retained, under the same key, with a value that nobody takes for a real one', () => {
    template.hasResource('AWS::SecretsManager::Secret', {
      ...retained,
      Properties: { KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeeperKey'), 'Arn'] } },
    });
  });

  it('has the placeholder it has always had: CloudFormation would write a new one over real credentials', () => {
    template.hasResourceProperties('AWS::SecretsManager::Secret', {
      SecretString:
        '{"apps":[{"name":"REPLACE-ME","server":"https://platform.devtest.ringcentral.com","clientId":"REPLACE-ME","clientSecret":"REPLACE-ME"}]}',
    });
  });

  it('can be an existing one, known by its name, as can the key', () => {
    const stack = new Stack(newApp(), 'Own');
    new TokenKeeper(stack, 'Keeper', {
      appsSecret: Secret.fromSecretNameV2(stack, 'Apps', 'ringcentral/apps'),
      encryptionKey: Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/own'),
    });
    const own = Template.fromStack(stack);
    // The one of the JWT credentials.
    own.resourceCountIs('AWS::SecretsManager::Secret', 1);
    own.resourceCountIs('AWS::KMS::Key', 0);
    const read = roleStatements(own, 'KeeperApiRole').find(({ actions }) =>
      actions[0]?.startsWith('secretsmanager:'),
    );
    expect(read?.resources).toEqual([
      expect.stringMatching(/:secret:ringcentral\/apps-\?{6}$/),
      expect.stringMatching(/^<KeeperJwtSecret\w+>$/),
    ]);
    own.hasResourceProperties('AWS::DynamoDB::Table', {
      SSESpecification: { KMSMasterKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/own' },
    });
  });
});

describe('the JWT secret', () => {
  it('is retained, under the same key, with an empty list that it has always had', () => {
    template.hasResource('AWS::SecretsManager::Secret', {
      ...retained,
      Properties: {
        KmsKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^KeeperKey'), 'Arn'] },
        SecretString: '{"credentials":[]}',
      },
    });
  });

  it('can be an existing one, which then is the only one that is read beside the apps', () => {
    const stack = new Stack(newApp(), 'Own');
    const jwtSecret = Secret.fromSecretNameV2(stack, 'Jwt', 'ringcentral/jwt');
    new TokenKeeper(stack, 'Keeper', { jwtSecret });
    const own = Template.fromStack(stack);
    own.resourceCountIs('AWS::SecretsManager::Secret', 1);
    for (const role of ['KeeperApiRole', 'KeeperSweepRole']) {
      const read = roleStatements(own, role).find(({ actions }) => actions[0]?.startsWith('secretsmanager:'));
      expect(read?.resources).toEqual([
        expect.stringMatching(/^<KeeperAppsSecret\w+>$/),
        expect.stringMatching(/:secret:ringcentral\/jwt-\?{6}$/),
      ]);
    }
  });
});

describe('the stack', () => {
  it('names nothing that a second one in the account would want too', () => {
    const named = Object.entries(
      template.toJSON().Resources as Record<string, { Properties?: Record<string, unknown> }>,
    ).flatMap(([id, { Properties = {} }]) =>
      ['TableName', 'FunctionName', 'QueueName', 'LogGroupName', 'RoleName', 'AliasName'].flatMap(name =>
        typeof Properties[name] === 'string' ? [`${id}.${name}`] : [],
      ),
    );
    expect(named).toEqual([]);
    const groupNames = ['One', 'Two'].map(id => {
      const stack = new Stack(newApp(), id);
      new TokenKeeper(stack, 'Keeper');
      return resourcesOf(Template.fromStack(stack), 'AWS::Scheduler::ScheduleGroup')[0]?.Properties.Name;
    });
    expect(new Set(groupNames).size).toBe(2);
  });

  it('has an output for everything that an operator looks for, under the same name in every deployment', () => {
    expect(Object.keys(template.toJSON().Outputs).sort()).toEqual([
      'AdminAliasArn',
      'ApiFunctionName',
      'ApiUrl',
      'AppsSecretArn',
      'ConnectUrl',
      'DeadLetterQueueUrl',
      'GetAliasArn',
      'JwtSecretArn',
      'RedirectUri',
      'RevokeAliasArn',
      'ScheduleGroupName',
      'SweepFunctionName',
      'TableName',
    ]);
  });
});
