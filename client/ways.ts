/** Which way each request goes: as the options say, or the environment that the construct's grants have set. */
import { errorOf, type RingbearerError } from './errors.ts';
import { invocation } from './invoke.ts';
import type { CredentialProvider } from './signed-http.ts';
import type { TokenRequest, Transport } from './transport.ts';

export type WayOptions = {
  /** Name or ARN of the alias to invoke for tokens. @default - the environment's RINGBEARER_FUNCTION */
  readonly function?: string;
  /** Name or ARN of the alias to invoke for `revoke`. @default - the environment's RINGBEARER_REVOKE_FUNCTION */
  readonly revokeFunction?: string;
  /** Base URL of the HTTP API, where there is no function to invoke. @default - the environment's RINGBEARER_URL */
  readonly url?: string;
  /** AWS region of the function or the HTTP API. @default - that of its ARN or URL, then AWS_REGION */
  readonly region?: string;
  /** For signing requests over HTTP. @default - those of the environment, then the AWS SDK's chain */
  readonly credentials?: CredentialProvider;
};

type Level = 'get' | 'revoke';
type Variables = Readonly<Record<string, string | undefined>>;

const levelOf = ({ action }: TokenRequest): Level => (action === 'revokeGrant' ? 'revoke' : 'get');

const misconfigured = (detail: string): RingbearerError =>
  errorOf({ code: 'misconfigured', status: 500, detail });

const methods = {
  get: { method: 'grantGetToken()', variable: 'RINGBEARER_FUNCTION' },
  revoke: { method: 'grantRevoke()', variable: 'RINGBEARER_REVOKE_FUNCTION' },
} as const;

/** The signing code is loaded by those who sign. */
const overHttp = ({ region, credentials }: WayOptions, url: string): Transport => {
  let transport: Promise<Transport> | undefined;
  return async (request, signal) => {
    transport ??= import('./signed-http.ts').then(({ signedHttp }) =>
      signedHttp({ url, region, credentials, fetch }),
    );
    return (await transport)(request, signal);
  };
};

/** Throws `Misconfigured` where there is no way at all; a request for which there is none is rejected with it. */
export const createWays = (options: WayOptions, variables: Variables): Transport => {
  const given = (name: string): string | undefined => variables[name] || undefined;
  const url = options.url ?? given('RINGBEARER_URL');
  const admin = given('RINGBEARER_ADMIN_FUNCTION');
  const names: Record<Level, string | undefined> = {
    get: options.function ?? given(methods.get.variable) ?? admin,
    revoke: options.revokeFunction ?? given(methods.revoke.variable) ?? admin,
  };
  if (url !== undefined && !URL.canParse(url)) throw misconfigured(`RINGBEARER_URL is not a URL: ${url}`);
  const wayOf = (name: string | undefined): Transport | undefined => {
    if (name !== undefined) return invocation(name, options.region);
    return url === undefined ? undefined : overHttp(options, url);
  };
  const ways = { get: wayOf(names.get), revoke: wayOf(names.revoke) };
  if (ways.get === undefined && ways.revoke === undefined) {
    throw misconfigured(
      'neither RINGBEARER_FUNCTION nor RINGBEARER_URL is set: grant this function access with grantGetToken(), or give the option `function` or `url`',
    );
  }
  return async (request, signal) => {
    const level = levelOf(request);
    const way = ways[level];
    if (way !== undefined) return way(request, signal);
    const { method, variable } = methods[level];
    throw misconfigured(`${variable} is not set: grant this function access with ${method}`);
  };
};
