import { Match, type Template } from 'aws-cdk-lib/assertions';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { routes } from '../../functions/api/routes.ts';
import { flat, keeperTemplate, ofApi, resourcesOf, templateWith } from './support.ts';

const template = keeperTemplate();
const ofHttpApi = (from: Template, type: string) => ofApi(from, 'KeeperHttpApi', type);
const httpRoutes = Object.values(ofHttpApi(template, 'Route')).map(({ Properties }) => Properties);

describe('the HTTP API', () => {
  it('has the routes that the api function knows, and $default for all others', () => {
    expect(httpRoutes.map(({ RouteKey }) => RouteKey).sort()).toEqual(
      ['$default', ...routes.map(({ method, path }) => `${method} ${path}`)].sort(),
    );
  });

  it('lets nobody through without IAM, on no route', () => {
    expect(new Set(httpRoutes.map(({ AuthorizationType }) => AuthorizationType))).toEqual(
      new Set(['AWS_IAM']),
    );
  });

  it('asks for IAM on a route that a consumer adds, too', () => {
    const template = templateWith(({ httpApi, aliases }) => {
      httpApi.addRoutes({
        path: '/more',
        integration: new HttpLambdaIntegration('More', aliases.http as IFunction),
      });
    });
    template.hasResourceProperties('AWS::ApiGatewayV2::Route', {
      RouteKey: 'ANY /more',
      AuthorizationType: 'AWS_IAM',
    });
  });

  it('sends every route to the alias http, in payload format 2.0', () => {
    const [alias] = Object.entries(
      template.findResources('AWS::Lambda::Alias', { Properties: { Name: 'http' } }),
    );
    const integrations = Object.entries(ofHttpApi(template, 'Integration'));
    expect(integrations.map(([, { Properties }]) => Properties)).toEqual([
      expect.objectContaining({
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { Ref: alias?.[0] },
        PayloadFormatVersion: '2.0',
      }),
    ]);
    expect(new Set(httpRoutes.map(({ Target }) => flat(Target)))).toEqual(
      new Set([`integrations/<${integrations[0]?.[0]}>`]),
    );
  });

  it('is itself the only one that is given leave to invoke the function, and through that alias only', () => {
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission')
      .map(({ Properties }) => Properties)
      .filter(({ FunctionName }) => flat(FunctionName).startsWith('<KeeperApi'));
    expect(permissions).toHaveLength(1);
    expect(flat(permissions[0]?.FunctionName)).toMatch(/^<KeeperApiAliashttp\w+>$/);
    expect(permissions[0]?.Principal).toBe('apigateway.amazonaws.com');
    expect(flat(permissions[0]?.SourceArn)).toMatch(/:<KeeperHttpApi\w+>\/\*$/);
  });

  it('has no CORS: browsers have no business here', () => {
    template.allResourcesProperties('AWS::ApiGatewayV2::Api', {
      ProtocolType: 'HTTP',
      CorsConfiguration: Match.absent(),
    });
  });

  it('is throttled, by default and as one wishes', () => {
    const limits = (from: typeof template) =>
      Object.values(ofHttpApi(from, 'Stage'))[0]?.Properties.DefaultRouteSettings;
    expect(limits(template)).toEqual({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 });
    expect(limits(keeperTemplate({ httpThrottle: { rateLimit: 5, burstLimit: 6 } }))).toEqual({
      ThrottlingRateLimit: 5,
      ThrottlingBurstLimit: 6,
    });
  });
});

describe('the access log', () => {
  const [stage] = Object.values(ofHttpApi(template, 'Stage'));
  const settings = stage?.Properties.AccessLogSettings as { DestinationArn: unknown; Format: string };

  it('goes to a log group of its own, as JSON', () => {
    expect(flat(settings.DestinationArn)).toMatch(/^<KeeperHttpApiAccessLogs\w+\.Arn>$/);
    expect(JSON.parse(settings.Format)).toMatchObject({
      requestId: '$context.requestId',
      status: '$context.status',
    });
  });

  it('has these fields and no other: no path, query string, header or body', () => {
    expect(Object.values(JSON.parse(settings.Format) as Record<string, string>).sort()).toEqual([
      '$context.error.responseType',
      '$context.identity.sourceIp',
      '$context.identity.userArn',
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
