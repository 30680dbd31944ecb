import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { TokenKeeper } from '../../lib/token-keeper.ts';
import { flat, newApp, resourcesOf, type Statement, statementsOf, templateWith } from './support.ts';

const consumer = (scope: Construct): LambdaFunction =>
  new LambdaFunction(scope, 'Consumer', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {};'),
  });

const consumerStatements = (template: Template): Statement[] =>
  resourcesOf(template, 'AWS::IAM::Policy').flatMap(({ Properties }) =>
    statementsOf(Properties.PolicyDocument as Parameters<typeof statementsOf>[0]),
  );

const consumerEnvironment = (template: Template): Record<string, string> => {
  const [, resource] =
    Object.entries(template.findResources('AWS::Lambda::Function')).find(([id]) =>
      id.startsWith('Consumer'),
    ) ?? [];
  const variables: Record<string, unknown> = resource?.Properties.Environment?.Variables ?? {};
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, flat(value)]));
};

describe('a grant of every RingCentral grant', () => {
  it.each([
    ['grantGetToken', 'get', 'RINGBEARER_FUNCTION'],
    ['grantRevoke', 'revoke', 'RINGBEARER_REVOKE_FUNCTION'],
    ['grantAdmin', 'admin', 'RINGBEARER_ADMIN_FUNCTION'],
  ] as const)('by %s allows to invoke the alias %s, and sets %s', (method, alias, variable) => {
    const template = templateWith((keeper, stack) => keeper[method](consumer(stack)));
    const aliasArn = expect.stringMatching(new RegExp(`^<KeeperApiAlias${alias}\\w+>$`));
    expect(consumerStatements(template)).toEqual([
      { actions: ['lambda:InvokeFunction'], resources: [aliasArn], condition: undefined },
    ]);
    expect(consumerEnvironment(template)).toEqual({ [variable]: aliasArn });
  });

  it('of two levels leaves the consumer both ways in', () => {
    const template = templateWith((keeper, stack) => {
      const fn = consumer(stack);
      keeper.grantGetToken(fn);
      keeper.grantRevoke(fn);
    });
    expect(Object.keys(consumerEnvironment(template)).sort()).toEqual([
      'RINGBEARER_FUNCTION',
      'RINGBEARER_REVOKE_FUNCTION',
    ]);
  });

  it('can be given to a role, which has no environment', () => {
    const template = templateWith((keeper, stack) => {
      const role = new Role(stack, 'Operator', {
        assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      });
      expect(keeper.grantAdmin(role).success).toBe(true);
    });
    expect(consumerStatements(template).map(({ actions }) => actions)).toEqual([['lambda:InvokeFunction']]);
  });

  it('can be given to a function of another stack', () => {
    const app = newApp();
    const keeper = new TokenKeeper(new Stack(app, 'Keeper'), 'Keeper');
    const other = new Stack(app, 'Other');
    keeper.grantGetToken(consumer(other));
    keeper.grantRevoke(consumer(new Stack(app, 'Third')), { grantIdPrefix: 'acme:' });
    expect(Object.keys(consumerEnvironment(Template.fromStack(other)))).toEqual(['RINGBEARER_FUNCTION']);
  });
});

describe('a grant by prefix', () => {
  const resourcesFor = (method: 'grantGetToken' | 'grantRevoke' | 'grantAdmin'): string[] => {
    const template = templateWith((keeper, stack) =>
      keeper[method](consumer(stack), { grantIdPrefix: 'acme:' }),
    );
    const statements = consumerStatements(template);
    expect(statements.flatMap(({ actions }) => actions)).toEqual(['execute-api:Invoke']);
    return statements
      .flatMap(({ resources }) => resources)
      .map(arn =>
        arn.replace(
          /^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<KeeperHttpApi\w+>\//,
          '',
        ),
      )
      .sort();
  };

  it.each([
    ['grantGetToken', ['GET/grants/acme:*', 'GET/grants/acme:*/token', 'POST/grants/acme:*/refresh']],
    ['grantRevoke', ['DELETE/grants/acme:*']],
    [
      'grantAdmin',
      [
        'DELETE/grants/acme:*',
        'GET/grants/acme:*',
        'GET/grants/acme:*/token',
        'POST/grants/acme:*/connect-links',
        'POST/grants/acme:*/refresh',
        'POST/grants/acme:*/reinstate',
        'PUT/grants/acme:*',
      ],
    ],
  ] as const)('by %s allows these requests to this API and no invocation', (method, requests) => {
    expect(resourcesFor(method)).toEqual(requests.map(request => `$default/${request}`));
  });

  it('sets the URL of the HTTP API and no function', () => {
    const template = templateWith((keeper, stack) =>
      keeper.grantGetToken(consumer(stack), { grantIdPrefix: 'acme:' }),
    );
    expect(consumerEnvironment(template)).toEqual({
      RINGBEARER_URL: expect.stringMatching(/^<KeeperHttpApi\w+\.ApiEndpoint>$/),
    });
  });

  it('is refused where the prefix is no boundary, and then nothing is granted', () => {
    const template = templateWith((keeper, stack) => {
      const fn = consumer(stack);
      expect(() => keeper.grantGetToken(fn, { grantIdPrefix: 'acme' })).toThrow(
        'Consumer/Keeper: grantIdPrefix "acme" does not end in a delimiter (: or ~)',
      );
    });
    expect(consumerStatements(template)).toEqual([]);
    expect(consumerEnvironment(template)).toEqual({});
  });
});
