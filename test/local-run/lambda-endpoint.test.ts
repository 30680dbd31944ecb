import { describe, expect, it } from 'vitest';
import type { FunctionPool } from '../../sandbox/aws/function-pool.ts';
import { FunctionError } from '../../sandbox/aws/function-process.ts';
import type { HttpRequest } from '../../sandbox/aws/http-event.ts';
import { answerLambda, parseTarget } from '../../sandbox/aws/lambda-endpoint.ts';

const prefix = '/2015-03-31/functions';

const pool: FunctionPool = {
  name: 'fn',
  invoke: async (event, alias) => {
    const { fail } = event as { fail?: string };
    if (fail !== undefined) throw new FunctionError(fail, 'no');
    return { event, alias: alias ?? null };
  },
  processes: () => [],
  close: async () => {},
};

const post = async (target: string, body: string, over: Partial<HttpRequest> = {}) => {
  const functions = new Map([['fn', { pool, aliases: ['get'], variables: { STAGE: 'x' } }]]);
  const {
    status,
    headers,
    body: text,
  } = await answerLambda(functions, {
    method: 'POST',
    target: `${prefix}/${target}`,
    headers: {},
    body: Buffer.from(body),
    sourceIp: '127.0.0.1',
    ...over,
  });
  return { status, headers, body: text === '' ? '' : JSON.parse(String(text)) };
};

describe("Lambda's invoke endpoint", () => {
  it.each([
    ['fn/invocations', { name: 'fn' }],
    ['fn:get/invocations', { name: 'fn', qualifier: 'get' }],
    ['fn%3Aget/invocations', { name: 'fn', qualifier: 'get' }],
    ['fn/invocations?Qualifier=get', { name: 'fn', qualifier: 'get' }],
    ['fn:$LATEST/invocations', { name: 'fn' }],
    [
      'arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Afn%3Aget/invocations',
      { name: 'fn', qualifier: 'get' },
    ],
    ['%zz/invocations', undefined],
    ['fn', undefined],
  ])('reads %s', (target, expected) => expect(parseTarget(`${prefix}/${target}`)).toEqual(expected));

  it('says how a function is set up', async () => {
    const get = { method: 'GET' };
    expect(await post('fn/configuration', '', get)).toMatchObject({
      status: 200,
      body: { FunctionName: 'fn', Environment: { Variables: { STAGE: 'x' } } },
    });
    expect(await post('fn:get/configuration', '', get)).toMatchObject({ status: 200 });
    expect(await post('fn:put/configuration', '', get)).toMatchObject({ status: 404 });
    expect(await post('other/configuration', '', get)).toMatchObject({ status: 404 });
    expect(await post('fn/configuration', '')).toMatchObject({ status: 404 });
  });

  it('invokes through the alias', async () => {
    expect(await post('fn:get/invocations', '{"a":1}')).toMatchObject({
      status: 200,
      headers: { 'x-amz-executed-version': '$LATEST' },
      body: { event: { a: 1 }, alias: 'get' },
    });
    expect(await post('fn/invocations', '')).toMatchObject({ body: { event: {}, alias: null } });
  });

  it.each([
    ['other/invocations', '{}', 404, 'ResourceNotFoundException'],
    ['fn:admin/invocations', '{}', 404, 'ResourceNotFoundException'],
    ['fn/invocations', '{', 400, 'InvalidRequestContentException'],
    ['fn/invocations', '{"fail":"TooManyRequestsException"}', 429, 'TooManyRequestsException'],
    ['fn', '{}', 404, 'UnknownOperationException'],
  ])('refuses %s with %s', async (target, body, status, type) => {
    expect(await post(target, body)).toMatchObject({ status, headers: { 'x-amzn-errortype': type } });
  });

  it("reports a function's own error in a 200, as Lambda does", async () => {
    expect(await post('fn/invocations', '{"fail":"RangeError"}')).toMatchObject({
      status: 200,
      headers: { 'x-amz-function-error': 'Unhandled' },
      body: { errorType: 'RangeError', errorMessage: 'no' },
    });
  });

  it('knows the three types of invocation', async () => {
    const typed = (type: string) =>
      post('fn/invocations', '{}', { headers: { 'x-amz-invocation-type': [type] } });
    expect((await typed('DryRun')).status).toBe(204);
    expect((await typed('Event')).status).toBe(202);
    expect((await typed('RequestResponse')).status).toBe(200);
  });
});
