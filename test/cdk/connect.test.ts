/** The connect function as it deploys: what reaches it, what it reaches, and what is left where there is none. */
import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { connectAlias } from '../../functions/api/routes.ts';
import { connectRoutes } from '../../functions/connect/routes.ts';
import { TokenKeeper } from '../../lib/token-keeper.ts';
import {
  complaints,
  flat,
  keeperTemplate,
  newApp,
  ofApi,
  resourcesOf,
  roleStatements,
  type Statement,
} from './support.ts';

const template = keeperTemplate();
const statements = roleStatements(template, 'KeeperConnectRole');
const having = (action: string): Statement[] => statements.filter(({ actions }) => actions.includes(action));

const variablesOf = (name: string, from = template): Record<string, string> => {
  const all = resourcesOf(from, 'AWS::Lambda::Function').map(
    ({ Properties }) => (Properties.Environment as { Variables: Record<string, unknown> }).Variables,
  );
  const own = all.find(variables => variables.POWERTOOLS_SERVICE_NAME === name) ?? {};
  return Object.fromEntries(Object.entries(own).map(([variable, value]) => [variable, flat(value)]));
};

describe('the role of the connect function', () => {
  it('may do exactly this: no secret, no event, no query', () => {
    expect(statements.flatMap(({ actions }) => actions).sort()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
    ]);
  });

  it('reaches connect links only: neither grants, owners and apps, nor a request that names no key', () => {
    expect(having('dynamodb:GetItem')).toEqual([
      {
        actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        resources: [expect.stringMatching(/^<KeeperTable\w+\.Arn>$/)],
        condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': 'link#*' },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
    ]);
  });

  it('uses the key through DynamoDB only', () => {
    expect(having('kms:Decrypt').map(({ condition }) => JSON.stringify(condition))).toEqual([
      expect.stringMatching(/^\{"StringEquals":\{"kms:ViaService":.*"dynamodb\./),
    ]);
  });

  it('invokes the alias connect of the api function, and nothing else', () => {
    const [alias] = Object.keys(
      template.findResources('AWS::Lambda::Alias', { Properties: { Name: connectAlias } }),
    );
    expect(having('lambda:InvokeFunction').flatMap(({ resources }) => resources)).toEqual([`<${alias}>`]);
  });

  it('writes to its own log group, and has no wildcard', () => {
    expect(having('logs:PutLogEvents').flatMap(({ resources }) => resources)).toEqual([
      expect.stringMatching(/^<KeeperConnectLogs\w+\.Arn>$/),
    ]);
    const all = statements.flatMap(({ actions, resources }) => [...actions, ...resources]);
    expect(all.filter(text => text.includes('*'))).toEqual([]);
  });
});

describe('the alias connect', () => {
  it('may be invoked by the connect function and by nobody else', () => {
    const [alias = ''] = Object.keys(
      template.findResources('AWS::Lambda::Alias', { Properties: { Name: connectAlias } }),
    );
    const users = Object.entries(template.toJSON().Resources as Record<string, unknown>)
      .filter(([id, resource]) => id !== alias && JSON.stringify(resource).includes(alias))
      .map(([id]) => id.replace(/[0-9A-F]{8}$/, ''));
    // Its own settings for asynchronous invocation, and the function that is told of it.
    expect(users.sort()).toEqual([
      expect.stringMatching(/^KeeperApiAliasconnectEventInvokeConfig/),
      'KeeperConnect',
      'KeeperConnectRole',
    ]);
  });
});

describe('the environment of the connect function', () => {
  it('has this and no secret', () => {
    expect(variablesOf('connect')).toEqual({
      RINGBEARER_TABLE: expect.stringMatching(/^<KeeperTable\w+>$/),
      RINGBEARER_CONNECT_URL: expect.stringMatching(/^<KeeperConnectApi\w+\.ApiEndpoint>$/),
      RINGBEARER_RETURN_TO: '',
      RINGBEARER_CONNECT_FUNCTION: expect.stringMatching(/^<KeeperApiAliasconnect\w+>$/),
      POWERTOOLS_SERVICE_NAME: 'connect',
      POWERTOOLS_METRICS_NAMESPACE: 'Ringbearer',
      POWERTOOLS_LOG_LEVEL: 'INFO',
    });
  });

  it('has the URL and the places to return to that the api function has', () => {
    const url = 'https://connect.example.com';
    const returnTo = ['https://app.example.com/done', 'http://localhost:3000/'];
    const custom = keeperTemplate({ connect: { url, returnTo } });
    for (const name of ['connect', 'api']) {
      expect(variablesOf(name, custom)).toMatchObject({
        RINGBEARER_CONNECT_URL: url,
        RINGBEARER_RETURN_TO: returnTo.join(','),
      });
    }
    expect(custom.toJSON().Outputs).toMatchObject({
      ConnectUrl: { Value: url },
      RedirectUri: { Value: `${url}/oauth/callback` },
    });
  });
});

describe('the public API', () => {
  const routes = Object.values(ofApi(template, 'KeeperConnectApi', 'Route')).map(r => r.Properties);
  const [stage] = Object.values(ofApi(template, 'KeeperConnectApi', 'Stage'));

  it('has exactly the routes of the connect function, for everybody', () => {
    expect(routes.map(({ RouteKey }) => RouteKey).sort()).toEqual(
      connectRoutes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
    expect(new Set(routes.map(({ AuthorizationType }) => AuthorizationType))).toEqual(new Set(['NONE']));
  });

  it('sends all of them to the connect function, which only it may invoke', () => {
    const integrations = Object.entries(ofApi(template, 'KeeperConnectApi', 'Integration'));
    expect(integrations).toHaveLength(1);
    expect(flat(integrations[0]?.[1].Properties.IntegrationUri)).toMatch(/^<KeeperConnect[0-9A-F]{8}\.Arn>$/);
    expect(integrations[0]?.[1].Properties.PayloadFormatVersion).toBe('2.0');
    expect(new Set(routes.map(({ Target }) => flat(Target)))).toEqual(
      new Set([`integrations/<${integrations[0]?.[0]}>`]),
    );
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission')
      .map(({ Properties }) => Properties)
      .filter(({ FunctionName }) => flat(FunctionName).startsWith('<KeeperConnect'));
    expect(permissions.map(({ Principal }) => Principal)).toEqual(['apigateway.amazonaws.com']);
    expect(flat(permissions[0]?.SourceArn)).toMatch(/:<KeeperConnectApi\w+>\/\*$/);
  });

  it('has limits of its own', () => {
    expect(stage?.Properties.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: 20,
      ThrottlingBurstLimit: 40,
    });
    const custom = keeperTemplate({ connect: { throttle: { rateLimit: 5, burstLimit: 6 } } });
    const [own] = Object.values(ofApi(custom, 'KeeperConnectApi', 'Stage'));
    expect(own?.Properties.DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 });
  });

  it('logs these fields and no other: no path, query string, header or body', () => {
    const settings = stage?.Properties.AccessLogSettings as { DestinationArn: unknown; Format: string };
    expect(flat(settings.DestinationArn)).toMatch(/^<KeeperConnectApiAccessLogs\w+\.Arn>$/);
    expect(Object.values(JSON.parse(settings.Format) as Record<string, string>).sort()).toEqual([
      '$context.error.responseType',
      '$context.identity.sourceIp',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.integrationStatus',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.routeKey',
      '$context.status',
    ]);
  });
});

describe('a deployment without it', () => {
  const without = keeperTemplate({ connect: false });

  it('has no trace of it', () => {
    const text = JSON.stringify(without.toJSON());
    expect(text).not.toMatch(/KeeperConnect|RINGBEARER_CONNECT|RETURN_TO|link#/);
    without.resourceCountIs('AWS::Lambda::Function', 2);
    without.resourceCountIs('AWS::ApiGatewayV2::Api', 1);
    expect(resourcesOf(without, 'AWS::Lambda::Alias').map(({ Properties }) => Properties.Name)).not.toContain(
      connectAlias,
    );
    expect(Object.keys(without.toJSON().Outputs)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/ConnectUrl|RedirectUri/)]),
    );
  });

  it('has otherwise the same things', () => {
    const idsOf = (from: Template): string[] =>
      Object.keys(from.toJSON().Resources).filter(id => !/Aliasconnect|Connect|Version/.test(id));
    expect(idsOf(without)).toEqual(idsOf(template));
    const keeper = new TokenKeeper(new Stack(newApp(), 'Own'), 'Keeper', { connect: false });
    expect([keeper.connectFunction, keeper.connectApi, keeper.connectUrl, keeper.redirectUri]).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('at synth', () => {
  it.each([
    'http://connect.example.com',
    'https://connect.example.com/',
    'https://connect.example.com/base',
    'https://connect.example.com?a=1',
    'https://Connect.example.com',
    'https://user@connect.example.com',
    'connect.example.com',
    '',
  ])('a connect.url of %j is refused', url => {
    expect(complaints({ connect: { url } }).errors).toEqual([
      expect.stringContaining(`connect.url (${url}) must be https://`),
    ]);
  });

  it.each([
    'http://app.example.com/done',
    'https://app.example.com',
    'https://app.example.com/*',
    'https://*.example.com/',
    'https://app.example.com/done?a=1',
    'https://app.example.com/done#top',
    'https://app.example.com/a/../b',
    'https://app.example.com/a,https://evil.example/',
    'https://user:password@app.example.com/',
    'javascript:alert(1)',
    '/done',
  ])('a place to return to of %j is refused', place => {
    const { errors } = complaints({ connect: { returnTo: ['https://good.example/', place] } });
    expect(errors).toEqual([expect.stringContaining(`connect.returnTo (${place}) must be an https URL`)]);
  });

  it('good ones are taken without a word, and what is not known yet as well', () => {
    const returnTo = ['https://app.example.com/', 'http://127.0.0.1:8080/x', 'http://[::1]:8080/'];
    expect(complaints({ connect: { url: 'https://connect.example.com:8443', returnTo } })).toEqual({
      errors: [],
      warnings: [],
    });
    const stack = new Stack(newApp(), 'Own');
    const domain = new CfnParameter(stack, 'Domain');
    new TokenKeeper(stack, 'Keeper', { connect: { url: `https://${domain.valueAsString}` } });
    expect(variablesOf('connect', Template.fromStack(stack)).RINGBEARER_CONNECT_URL).toBe('https://<Domain>');
  });
});
