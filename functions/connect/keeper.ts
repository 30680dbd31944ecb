/** The keeper, as the connect function reaches it: one alias of the api function, for one action. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Connector, ConnectResult } from './sign-in.ts';

/** The answer is waited for a little longer than the api function lives, and never asked for twice: a code works once. */
const clientOptions = {
  maxAttempts: 1,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 27_000,
    throwOnRequestTimeout: true,
    socketTimeout: 27_000,
  },
};

/** `functionArn`: of the alias. */
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
    return JSON.parse(Buffer.from(Payload).toString('utf8')) as ConnectResult;
  };
