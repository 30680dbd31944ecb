/** RingCentral's token and revocation endpoints. */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  type Client,
  type ClientAuth,
  genericTokenEndpointRequest,
  None,
  revocationRequest,
} from 'oauth4webapi';
import {
  classifyMintAnswer,
  classifyRevokeAnswer,
  classifyTokenAnswer,
  type RawAnswer,
  type TokenAnswer,
  type Unknown,
} from '../domain/answer.ts';
import type { App } from '../domain/app.ts';
import { present, type RequestedTtls } from '../domain/tokens.ts';
import type { Clock, NewSession, TokenEndpoint } from '../keeper/ports.ts';

/** A token response is a few kilobytes; whatever is longer is none. */
const maxBodyBytes = 65_536;
const userAgent = 'Ringbearer/0.1 (+https://www.npmjs.com/package/ringbearer)';

const serverOf = ({ server }: App): AuthorizationServer => ({
  issuer: server,
  token_endpoint: `${server}/restapi/oauth/token`,
  revocation_endpoint: `${server}/restapi/oauth/revoke`,
});

const clientOf = ({ clientId }: App): Client => ({ client_id: clientId });

/**
 * HTTP Basic with the credentials as they are. RFC 6749 §2.3.1 would have them form-encoded first, as `ClientSecretBasic` does, but
 * RingCentral takes them literally and its client ids contain `-` and `_`.
 */
const basicAuthentication =
  (clientId: string, clientSecret: string): ClientAuth =>
  (_server, _client, _body, headers) => {
    headers.set('authorization', `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`);
  };

/** A public client sends its id in the body and no header. */
const authenticationOf =
  ({ clientId, clientSecret }: App): ClientAuth =>
  (server, client, body, headers) => {
    // `revocationRequest` takes this header away, and RingCentral wants it.
    headers.set('accept', 'application/json');
    const authenticate = clientSecret === undefined ? None() : basicAuthentication(clientId, clientSecret);
    return authenticate(server, client, body, headers);
  };

type Parameters = Readonly<Record<string, string | undefined>>;

/** RingCentral's names; a lifetime that is not asked for is not sent. */
const ttlParameters = ({ accessTokenTtlSeconds, refreshTokenTtlSeconds }: RequestedTtls): Parameters => ({
  access_token_ttl: accessTokenTtlSeconds?.toString(),
  refresh_token_ttl: refreshTokenTtlSeconds?.toString(),
});

const sessionParameters = ({ endpointId, ttls = {} }: NewSession): Parameters => ({
  endpoint_id: endpointId,
  ...ttlParameters(ttls),
});

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const readBody = async (response: Response): Promise<string | undefined> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  // Unlike `toString`, it drops a byte order mark.
  return new TextDecoder().decode(Buffer.concat(chunks));
};

const read = async (response: Response): Promise<RawAnswer> => {
  const retryAfter = response.headers.get('retry-after');
  const head = { status: response.status, ...(retryAfter !== null && { retryAfter }) };
  try {
    const body = await readBody(response);
    return body === undefined ? head : { ...head, body };
  } catch {
    // Cut off or too slow: the status alone is what is known.
    return head;
  }
};

const failed = (error: unknown): Unknown => ({
  kind: 'unknown',
  code: (error as Error).name === 'TimeoutError' ? 'timeout' : 'no-answer',
});

/** One request, never followed elsewhere and never repeated here: whether to ask again is the keeper's to decide. */
export const createTokenEndpoint = (providerTimeoutMs: number, clock: Clock): TokenEndpoint => {
  const options = (app: App) => ({
    // A connection kept over a freeze of the function may be dead without knowing it, and a token request on it would be lost.
    headers: { 'user-agent': userAgent, connection: 'close' },
    signal: AbortSignal.timeout(providerTimeoutMs),
    // Only what the apps secret was allowed to say: plain HTTP passes its check on loopback alone.
    [allowInsecureRequests]: app.server.startsWith('http:'),
  });
  const ask = async (
    app: App,
    grantType: string,
    parameters: Parameters,
    classify = classifyTokenAnswer,
  ): Promise<TokenAnswer> => {
    try {
      const response = await genericTokenEndpointRequest(
        serverOf(app),
        clientOf(app),
        authenticationOf(app),
        grantType,
        present(parameters) as Record<string, string>,
        options(app),
      );
      return classify(await read(response), clock.now());
    } catch (error) {
      return failed(error);
    }
  };
  return {
    refresh: (app, refreshToken, ttls = {}) =>
      ask(app, 'refresh_token', { refresh_token: refreshToken, ...ttlParameters(ttls) }),
    exchange: (app, { code, codeVerifier, redirectUri, ...session }) =>
      ask(app, 'authorization_code', {
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
        ...sessionParameters(session),
      }),
    mint: (app, { assertion, ...session }) =>
      ask(app, jwtBearer, { assertion, ...sessionParameters(session) }, classifyMintAnswer),
    revoke: async (app, token) => {
      try {
        const response = await revocationRequest(
          serverOf(app),
          clientOf(app),
          authenticationOf(app),
          token,
          options(app),
        );
        return classifyRevokeAnswer(await read(response), clock.now());
      } catch (error) {
        return failed(error);
      }
    },
  };
};
