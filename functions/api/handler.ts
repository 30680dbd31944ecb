/** The api function: one handler, two ways in. */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { createRuntime } from '../runtime.ts';
import { logger, metrics } from '../telemetry.ts';
import { createDirectHandler } from './direct.ts';
import { createHttpHandler } from './http.ts';
import { httpAlias } from './routes.ts';

const runtime = createRuntime();
const http = createHttpHandler(runtime);
const direct = createDirectHandler(runtime);

/** `arn:aws:lambda:region:account:function:name:alias` → `alias`. */
const aliasOf = ({ invokedFunctionArn }: Context): string | undefined => invokedFunctionArn.split(':')[7];

/**
 * The alias decides which way in this is, never the shape of the event: whoever may invoke `get` directly could otherwise send an
 * event that looks like an HTTP request for everything.
 */
const dispatch = async (event: unknown, context: Context): Promise<unknown> => {
  const alias = aliasOf(context);
  metrics.addMetric('Requests', MetricUnit.Count, 1);
  return alias === httpAlias
    ? http(event as Parameters<typeof http>[0], context)
    : direct(event, context, alias);
};

export const handler = middy<unknown, unknown, Error, Context>()
  // An import's event is full of tokens: POWERTOOLS_LOGGER_LOG_EVENT must not be able to log it.
  .use(injectLambdaContext(logger, { clearState: true, logEvent: false }))
  .use(logMetrics(metrics))
  .handler(dispatch);
