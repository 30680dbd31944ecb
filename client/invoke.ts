/** By `lambda:InvokeFunction` on an alias of the api function. The AWS SDK is loaded with the first request, not before. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { errorOf, Unreachable } from './errors.ts';
import type { TokenAnswer, TokenRequest, Transport } from './transport.ts';

type Failure = { readonly name?: string };

const decode = (payload: Uint8Array | undefined): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
};

const loadSdk = async () => {
  try {
    return await import('@aws-sdk/client-lambda');
  } catch {
    const detail =
      '@aws-sdk/client-lambda is not there: install it. (The Lambda runtime has it; a bundle may leave it out.)';
    throw errorOf({ code: 'misconfigured', status: 500, detail });
  }
};

/** `arn:aws:lambda:eu-west-1:…` → `eu-west-1`: the function may be in another region than its caller. */
const regionOf = (functionName: string): string | undefined =>
  /^arn:[\w-]+:lambda:([\w-]+):/.exec(functionName)?.[1];

/** What Lambda says before the function runs. */
const refusal = ({ name }: Failure, functionName: string) => {
  if (name === 'AccessDeniedException') {
    const detail = `this role may not invoke ${functionName}: grant it lambda:InvokeFunction on that alias, as grantGetToken() does`;
    return errorOf({ code: 'forbidden', status: 403, detail });
  }
  if (name === 'ResourceNotFoundException') {
    const detail = `there is no function ${functionName}: use the alias ARN that the stack prints`;
    return errorOf({ code: 'misconfigured', status: 500, detail });
  }
  return undefined;
};

/** `functionName`: ARN of the alias, or name and alias. `region`: where that is not part of it. */
export const invocation = (functionName: string, region: string | undefined): Transport => {
  const clientRegion = region ?? regionOf(functionName);
  // One try: the client decides about others, for all ways in alike.
  const options = { maxAttempts: 1, ...(clientRegion !== undefined && { region: clientRegion }) };
  let client: LambdaClient | undefined;
  const send = async (request: TokenRequest, abortSignal: AbortSignal) => {
    const { InvokeCommand, LambdaClient } = await loadSdk();
    client ??= new LambdaClient(options);
    const Payload = JSON.stringify(request);
    return client.send(new InvokeCommand({ FunctionName: functionName, Payload }), { abortSignal });
  };
  return async (request, signal) => {
    const { FunctionError, Payload } = await send(request, signal).catch((error: Failure) => {
      throw refusal(error, functionName) ?? error;
    });
    const answer = decode(Payload) as (TokenAnswer & { errorType?: string }) | undefined;
    if (FunctionError !== undefined || typeof answer?.ok !== 'boolean') {
      const detail = `the api function failed (${answer?.errorType ?? FunctionError ?? 'no answer'}); its log says why`;
      throw new Unreachable({ code: 'unreachable', status: 0, detail });
    }
    return answer;
  };
};
