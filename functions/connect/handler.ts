/** The connect function: the only one that the public internet reaches. It sees no token and no client secret. */
import { randomUUID } from 'node:crypto';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { createLinks } from '../adapters/links.ts';
import { clientOptions } from '../client-options.ts';
import { readConnect, required } from '../environment.ts';
import { logger } from '../telemetry.ts';
import { browserOf, formOf, isFromOwnPage, parameter, queryOf, toResponse } from './http.ts';
import { createConnector } from './keeper.ts';
import { connectRoutes } from './routes.ts';
import { beginSignIn, finishSignIn, type Reply, type SignInPorts, showLink } from './sign-in.ts';
import { connectedPage, failurePage, notFromHere, problemPage } from './texts.ts';

const createPorts = (variables: NodeJS.ProcessEnv): SignInPorts => ({
  url: required(variables, 'RINGBEARER_CONNECT_URL'),
  returnTo: readConnect(variables)?.returnTo ?? [],
  links: createLinks(new DynamoDBClient(clientOptions), required(variables, 'RINGBEARER_TABLE'), randomUUID),
  connect: createConnector(required(variables, 'RINGBEARER_CONNECT_FUNCTION')),
  now: Date.now,
  observe: fact => logger.info(fact.type, { fact }),
});

const ports = createPorts(process.env);
const { url } = ports;

const visitOf = (event: APIGatewayProxyEventV2, parameters: URLSearchParams) => ({
  grantId: event.pathParameters?.grantId ?? '',
  link: parameter(parameters, 'link'),
  browser: browserOf(event, url),
});

/** The route that API Gateway matched decides, never the path: that comes decoded. */
const replyTo = async (event: APIGatewayProxyEventV2): Promise<Reply> => {
  const route = connectRoutes.find(({ method, path }) => `${method} ${path}` === event.routeKey);
  switch (route?.name) {
    case 'showLink':
      return showLink(ports, visitOf(event, queryOf(event)));
    case 'begin':
      return isFromOwnPage(event, url)
        ? beginSignIn(ports, visitOf(event, formOf(event)))
        : { kind: 'page', page: notFromHere };
    case 'callback': {
      const query = queryOf(event);
      const [state, code, error] = ['state', 'code', 'error'].map(name => parameter(query, name));
      return finishSignIn(ports, { state, code, error, browser: browserOf(event, url) });
    }
    case 'connected':
      return { kind: 'page', page: connectedPage };
    default:
      return { kind: 'page', page: problemPage('unknown') };
  }
};

const answerErrors: MiddlewareObj<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2> = {
  onError: request => {
    // The message may quote what was sent.
    logger.error('internal-error', { errorName: request.error?.name });
    request.response = toResponse({ kind: 'page', page: failurePage({ code: 'internal-error' }) }, url);
  },
};

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>()
  // An event carries links, codes and cookies: POWERTOOLS_LOGGER_LOG_EVENT must not be able to log it.
  .use(injectLambdaContext(logger, { clearState: true, logEvent: false }))
  .use(answerErrors)
  .handler(async event => toResponse(await replyTo(event), url));
