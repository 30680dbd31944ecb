/** The keeper, as the connect function reaches it: one alias of the api function, for one action. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import type { Connector } from './sign-in.ts';

/** Waited for until there is just time left to say so, and never asked for twice: a code works once. */
const clientOptions = {
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 27_000,
    throwOnRequestTimeout: true,
    socketTimeout: 27_000,
  },
};

/** Of what was connected nothing is read: this function has no business with it. */
const answerSchema = v.variant('ok', [
  v.object({ ok: v.literal(true) }),
  v.object({
    ok: v.literal(false),
    error: v.object({ code: v.string(), retryAfterSeconds: v.exactOptional(v.number()) }),
  }),
]);

/** `functionArn`: of the alias. Throws where it is not known what became of the code. */
export const createConnector =
  (functionArn: string, client = new LambdaClient(clientOptions)): Connector =>
  async (grantId, body) => {
    const { FunctionError, Payload } = await client.send(
      new InvokeCommand({
        FunctionName: functionArn,
        Payload: JSON.stringify({ action: 'connectGrant', grantId, body }),
      }),
    );
    // Its message may quote anything.
    if (FunctionError !== undefined || Payload === undefined) throw new Error('the api function failed');
    return v.parse(answerSchema, JSON.parse(Buffer.from(Payload).toString('utf8')));
  };
