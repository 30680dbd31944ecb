/** A consumer of the client: every form that the README and the docstrings promise, and what must not compile. */
import {
  type AccessToken,
  createTokenClient,
  type Grant,
  GrantRevoked,
  ReauthorizationRequired,
  RingbearerError,
  type TokenClient,
  type Transport,
} from 'ringbearer';
import { sharedSession } from 'ringbearer/ringcentral-sdk';

const tokens: TokenClient = createTokenClient();
createTokenClient({
  function: 'arn',
  revokeFunction: 'arn',
  url: 'https://x',
  region: 'eu-west-1',
  credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }),
  maxWaitMs: 5000,
  maxGrants: 10,
  origins: ['https://media.ringcentral.com'],
  fetch,
});

const transport: Transport = async ({ action, grantId }) =>
  action === 'getToken'
    ? { ok: true, result: { grantId } }
    : { ok: false, error: { code: 'forbidden', status: 403, detail: 'no' } };
createTokenClient({ transport, clock: { now: () => 0, sleep: async () => {} } });

export const use = async (signal: AbortSignal): Promise<string | undefined> => {
  const { accessToken, generation }: AccessToken = await tokens.get('acme:101', { minTtl: 60, signal });
  await tokens.reject('acme:101', generation);
  const response: Response = await tokens.fetch('acme:101', '/restapi/v1.0/account/~', {
    method: 'POST',
    signal,
  });
  await tokens.fetch('acme:101', new URL('https://x'));
  await tokens.fetch('acme:101', new Request('https://x'));
  const { url, cacheUntil, expiresAt } = await tokens.urlWithToken('acme:101', '/media');
  const { state }: Grant = await tokens.grant('acme:101');
  const narrowed: 'active' | 'reauthorize' | 'revoking' | 'revoked' = state;
  const { authProxy, fetch: own } = sharedSession(tokens, 'acme:101');
  return (
    accessToken + url + cacheUntil + expiresAt + narrowed + authProxy + own.name + (await response.text())
  );
};

export const told = (error: unknown): string => {
  if (error instanceof ReauthorizationRequired) {
    const code: 'reauthorization-required' = error.code;
    return code;
  }
  if (error instanceof GrantRevoked) return error.code;
  if (error instanceof RingbearerError)
    return `${error.code} ${error.retryAfterSeconds ?? 0} ${error.grantId ?? ''}`;
  return '';
};

// @ts-expect-error a grant id is needed
tokens.get();
// @ts-expect-error a generation is a number
tokens.reject('acme:101', '7');
// @ts-expect-error there is no such option
createTokenClient({ secret: 'x' });
// @ts-expect-error an error has no refresh token, nor anything else
told(new RingbearerError({ code: 'x', status: 1, detail: '' }).refreshToken);
// @ts-expect-error a token is not written to
(await tokens.get('acme:101')).accessToken = 'x';
