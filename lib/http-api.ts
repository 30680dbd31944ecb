/** The HTTP API: every route and everything else behind IAM, and access logs in which nothing is secret. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat, type ThrottleSettings } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpIntegrationType,
  HttpMethod,
  HttpRoute,
  HttpRouteIntegration,
  type HttpRouteIntegrationConfig,
  HttpRouteKey,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Alias, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { routes } from '../functions/api/routes.ts';

export type HttpApiSettings = {
  readonly logRetention: RetentionDays;
  readonly throttle: ThrottleSettings;
};

/** The route, and never the path: that has a grant id. No headers and no query string either. */
export const accessLogFields = {
  requestId: '$context.requestId',
  requestTime: '$context.requestTime',
  sourceIp: '$context.identity.sourceIp',
  callerArn: '$context.identity.userArn',
  routeKey: '$context.routeKey',
  status: '$context.status',
  responseLength: '$context.responseLength',
  responseLatencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  errorType: '$context.error.responseType',
} as const;

type Target = Alias | LambdaFunction;

/**
 * One integration with one permission for the whole API. `HttpLambdaIntegration` would add a permission for each route, or one
 * for three path segments and more, which the `$default` route does not have.
 */
export class FunctionIntegration extends HttpRouteIntegration {
  private readonly target: Target;

  constructor(id: string, target: Target) {
    super(id);
    this.target = target;
  }

  override bind(): HttpRouteIntegrationConfig {
    return {
      type: HttpIntegrationType.AWS_PROXY,
      uri: this.target.functionArn,
      payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
    };
  }
}

export const allowInvocation = (httpApi: HttpApi, target: Target): void =>
  target.addPermission('HttpApi', {
    principal: new ServicePrincipal('apigateway.amazonaws.com'),
    sourceArn: Stack.of(httpApi).formatArn({
      service: 'execute-api',
      resource: httpApi.apiId,
      resourceName: '*',
    }),
  });

export const createStage = (
  httpApi: HttpApi,
  logFields: Readonly<Record<string, string>>,
  settings: HttpApiSettings,
): HttpStage => {
  const logGroup = new LogGroup(httpApi, 'AccessLogs', {
    retention: settings.logRetention,
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  return new HttpStage(httpApi, 'Stage', {
    httpApi,
    stageName: '$default',
    autoDeploy: true,
    throttle: settings.throttle,
    accessLogSettings: {
      destination: new LogGroupLogDestination(logGroup),
      format: AccessLogFormat.custom(JSON.stringify(logFields)),
    },
  });
};

/** Routes as the api function knows them, and `$default`, so that unknown ones get its problem details too. */
export const createHttpApi = (scope: Construct, alias: Alias, settings: HttpApiSettings): HttpApi => {
  const authorizer = new HttpIamAuthorizer();
  const integration = new FunctionIntegration('Alias', alias);
  const httpApi = new HttpApi(scope, 'HttpApi', {
    apiName: Stack.of(scope).stackName,
    description: 'Ringbearer: access tokens for RingCentral',
    createDefaultStage: false,
    // For routes that a consumer adds: those below name it themselves.
    defaultAuthorizer: authorizer,
  });
  const keys = routes.map(({ action, method, path }) => ({
    id: action,
    routeKey: HttpRouteKey.with(path, HttpMethod[method]),
  }));
  for (const { id, routeKey } of [...keys, { id: 'default', routeKey: HttpRouteKey.DEFAULT }]) {
    new HttpRoute(httpApi, id, { httpApi, routeKey, integration, authorizer });
  }
  createStage(httpApi, accessLogFields, settings);
  allowInvocation(httpApi, alias);
  return httpApi;
};
