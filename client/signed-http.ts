/** By the HTTP API, signed with AWS Signature Version 4. */
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { routes } from '../functions/api/routes.ts';
import { errorOf, type Problem, Unreachable } from './errors.ts';
import type { TokenAnswer, TokenRequest, Transport } from './transport.ts';

/** As the AWS SDK's credential providers give them. */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};
export type CredentialProvider = () => Promise<Credentials>;

export type SignedHttpOptions = {
  /** Base URL of the HTTP API. */
  readonly url: string;
  readonly region: string | undefined;
  readonly credentials: CredentialProvider | undefined;
  readonly fetch: typeof fetch;
};

/** Those of a Lambda function are in its environment; elsewhere the AWS SDK finds them, where it is installed. */
const defaultCredentials = async (): Promise<Credentials> => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    };
  }
  const { LambdaClient } = await import('@aws-sdk/client-lambda').catch(() => {
    const detail =
      'there are no AWS credentials in the environment: give the option `credentials`, or install @aws-sdk/client-lambda, which finds others';
    throw errorOf({ code: 'misconfigured', status: 500, detail });
  });
  return new LambdaClient({}).config.credentials();
};

const regionOf = (url: URL, region: string | undefined): string => {
  const found =
    region ??
    /\.execute-api\.([\w-]+)\.amazonaws\./.exec(url.hostname)?.[1] ??
    process.env.AWS_REGION ??
    process.env.AWS_DEFAULT_REGION;
  if (found !== undefined) return found;
  const detail = 'the region of the HTTP API is not known: give the option `region`, or set AWS_REGION';
  throw errorOf({ code: 'misconfigured', status: 500, detail });
};

/** A grant id goes as it is: nothing in its alphabet needs encoding, and IAM compares it with the path as it was sent. */
const targetOf = (request: TokenRequest) => {
  const route = routes.find(({ action }) => action === request.action);
  if (route === undefined) throw new TypeError(`no route for ${request.action}`);
  const path = route.path.replace('{grantId}', () => request.grantId);
  const query = request.action === 'getToken' && request.minTtl ? { minTtl: String(request.minTtl) } : {};
  const body =
    request.action === 'refreshToken'
      ? JSON.stringify({ rejectedGeneration: request.rejectedGeneration })
      : undefined;
  return { method: route.method, path, query, body };
};

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;

/** API Gateway's own refusals have no code. Their message is not passed on: it can quote what was signed. */
const answerOf = async (response: Response): Promise<TokenAnswer> => {
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok && body !== undefined) return { ok: true, result: body };
  if (isProblem(body)) return { ok: false, error: body };
  if (response.status === 403) {
    const detail =
      'API Gateway refused the request: check that this role may invoke this route for this grant id, and the region and credentials that it is signed with';
    return { ok: false, error: { code: 'forbidden', status: 403, detail } };
  }
  const detail = `API Gateway answered ${response.status}`;
  throw new Unreachable({ code: 'unreachable', status: 0, detail });
};

export const signedHttp = ({ url, region, credentials, fetch }: SignedHttpOptions): Transport => {
  const base = new URL(url);
  const signer = new SignatureV4({
    service: 'execute-api',
    region: regionOf(base, region),
    credentials: credentials ?? defaultCredentials,
    sha256: Hash.bind(null, 'sha256'),
  });
  return async (request, signal) => {
    const { method, path, query, body } = targetOf(request);
    const target = new URL(base.href.replace(/\/$/, '') + path);
    target.search = new URLSearchParams(query).toString();
    const unsigned = new HttpRequest({
      method,
      protocol: base.protocol,
      hostname: target.hostname,
      path: target.pathname,
      query,
      headers: { host: target.host, ...(body !== undefined && { 'content-type': 'application/json' }) },
      body,
    });
    const { host: _host, ...headers } = (await signer.sign(unsigned)).headers;
    return answerOf(
      await fetch(target, {
        method,
        headers,
        signal,
        redirect: 'error',
        ...(body !== undefined && { body }),
      }),
    );
  };
};
