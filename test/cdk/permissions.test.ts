import { describe, expect, it } from 'vitest';
import { keeperTemplate, resourcesOf, roleStatements, type Statement } from './support.ts';

const template = keeperTemplate();
const sweep = roleStatements(template, 'KeeperSweepRole');
const api = roleStatements(template, 'KeeperApiRole');
const schedules = roleStatements(template, 'KeeperScheduleRole');

const actionsOf = (statements: Statement[]): string[] => statements.flatMap(({ actions }) => actions).sort();
const having = (statements: Statement[], action: string): Statement[] =>
  statements.filter(({ actions }) => actions.includes(action));

const shared = [
  'events:PutEvents',
  'kms:Decrypt',
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'secretsmanager:GetSecretValue',
];

describe('the sweep', () => {
  it('may do exactly this', () => {
    const own = ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'sqs:SendMessage'];
    expect(actionsOf(sweep)).toEqual([...shared, ...own].sort());
  });

  it('may query the due index and neither the table nor the other index', () => {
    expect(having(sweep, 'dynamodb:Query').flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(/^<KeeperTable\w+\.Arn>\/index\/due$/),
    ]);
  });
});

describe('the api function', () => {
  it('may do exactly this', () => {
    const own = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'];
    expect(actionsOf(api)).toEqual([...shared, ...own].sort());
  });

  it('may query the index of states and neither the table nor the due index', () => {
    expect(having(api, 'dynamodb:Query').flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(/^<KeeperTable\w+\.Arn>\/index\/byState$/),
    ]);
  });
});

describe.each([
  ['sweep', sweep, 'KeeperSweepLogs'],
  ['api', api, 'KeeperApiLogs'],
] as const)('the role of the %s', (_name, statements, logs) => {
  it('has no wildcard, in no action and no resource', () => {
    expect(
      statements.flatMap(({ actions, resources }) => [...actions, ...resources]).filter(s => s.includes('*')),
    ).toEqual([]);
  });

  it('uses the key through DynamoDB and Secrets Manager only', () => {
    const conditions = statements
      .filter(({ actions }) => actions.some(a => a.startsWith('kms:')))
      .map(s => s.condition);
    const via = (service: string) => ({
      StringEquals: {
        'kms:ViaService': { 'Fn::Join': ['', [`${service}.`, { Ref: 'AWS::Region' }, '.amazonaws.com']] },
      },
    });
    expect(conditions).toEqual([via('dynamodb'), via('secretsmanager')]);
  });

  it('sends events to the default bus as ringbearer and as nobody else', () => {
    expect(having(statements, 'events:PutEvents')).toEqual([
      {
        actions: ['events:PutEvents'],
        resources: [expect.stringMatching(/:event-bus\/default$/)],
        condition: { StringEquals: { 'events:source': 'ringbearer' } },
      },
    ]);
  });

  it('writes to its own log group only', () => {
    expect(having(statements, 'logs:PutLogEvents').flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(new RegExp(`^<${logs}\\w+\\.Arn>$`)),
    ]);
  });
});

describe('the role of the schedules', () => {
  it('may invoke the sweep and fill the dead-letter queue', () => {
    expect(schedules).toEqual([
      {
        actions: ['lambda:InvokeFunction'],
        resources: [expect.stringMatching(/^<KeeperSweep\w+\.Arn>$/)],
        condition: undefined,
      },
      {
        actions: ['sqs:SendMessage'],
        resources: [expect.stringMatching(/^<KeeperDeadLetters\w+\.Arn>$/)],
        condition: undefined,
      },
    ]);
  });

  it('can be assumed on behalf of its own schedule group only', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': {
                  'Fn::GetAtt': [
                    Object.keys(template.findResources('AWS::Scheduler::ScheduleGroup'))[0],
                    'Arn',
                  ],
                },
              },
            },
          },
        ],
      },
    });
  });
});

describe('the template', () => {
  it('has no other policies: neither managed ones nor ones that a construct added', () => {
    template.resourceCountIs('AWS::IAM::Policy', 0);
    template.resourceCountIs('AWS::IAM::ManagedPolicy', 0);
    template.resourceCountIs('AWS::IAM::Role', 4);
    expect(
      resourcesOf(template, 'AWS::IAM::Role').filter(({ Properties }) => Properties.ManagedPolicyArns),
    ).toEqual([]);
  });

  it('allows nobody to scan, delete or put an item, or to write in batches or transactions', () => {
    const text = JSON.stringify(template.toJSON());
    for (const action of [
      'Scan',
      'DeleteItem',
      'PutItem',
      'BatchWriteItem',
      'PartiQL',
      'TransactWriteItems',
      '*',
    ]) {
      expect(text).not.toContain(`dynamodb:${action}`);
    }
  });
});
