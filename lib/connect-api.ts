/** The public HTTP API of the connect function: its routes, and nothing else. People come here with a browser, and have no AWS credentials. */
import { Stack, Validations } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpRoute, HttpRouteKey } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { connectRoutes } from '../functions/connect/routes.ts';
import {
  accessLogFields,
  allowInvocation,
  createStage,
  FunctionIntegration,
  type HttpApiSettings,
} from './http-api.ts';

/** No path, no query string and no header here either: a link is in one, a code in another, a cookie in the third. */
const { callerArn: _, ...publicLogFields } = accessLogFields;

/** Without routes yet: the api function is told this API's URL, and the function behind the routes is told of the api function. */
export const createConnectApi = (scope: Construct, settings: HttpApiSettings): HttpApi => {
  const httpApi = new HttpApi(scope, 'ConnectApi', {
    apiName: `${Stack.of(scope).stackName}-connect`,
    description: 'Ringbearer: where people connect their RingCentral accounts',
    createDefaultStage: false,
  });
  createStage(httpApi, publicLogFields, settings);
  Validations.of(httpApi).acknowledge({
    id: 'AwsSolutions-APIG4',
    reason:
      'Browsers of people without AWS credentials come here. Each request must have a link, or a state and a cookie, whose hash is in the table.',
  });
  return httpApi;
};

/** There is no `$default`: what else is asked for, API Gateway refuses by itself. */
export const addConnectRoutes = (httpApi: HttpApi, connectFunction: LambdaFunction): void => {
  const integration = new FunctionIntegration('Function', connectFunction);
  for (const { name, method, path } of connectRoutes) {
    const routeKey = HttpRouteKey.with(path, HttpMethod[method]);
    new HttpRoute(httpApi, name, { httpApi, routeKey, integration });
  }
  allowInvocation(httpApi, connectFunction);
};
