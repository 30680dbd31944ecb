/** RingCentral's own SDK (`@ringcentral/sdk` 5) with Ringbearer's tokens. */
import { errorOf } from './errors.ts';
import type { TokenClient } from './token-client.ts';

/** Options of the SDK's constructor that must stay as they are given here. */
export type SharedSession = {
  readonly authProxy: true;
  readonly fetch: typeof fetch;
  readonly Request: typeof Request;
  readonly Response: typeof Response;
  readonly Headers: typeof Headers;
};

/** In its proxy mode the SDK refuses to refresh, but would still log in, and end the session that everybody shares. */
const refuseSession = (input: string | URL | Request, grantId: string): void => {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  if (!/\/oauth\/(token|revoke)$/.test(pathname)) return;
  const detail =
    "Ringbearer keeps this session: do not call the SDK's login() or logout(). Connect the account or revoke the grant at Ringbearer.";
  throw errorOf({ code: 'invalid-request', status: 400, detail }, grantId);
};

/**
 * Options for `new SDK({ server, clientId, ...sharedSession(tokens, grantId) })`. `server` must be the grant's.
 *
 * The SDK's own mode for a proxy that authorises its requests (`authProxy`) is made use of: in it the SDK keeps no token, asks for
 * none, and its `refresh()`, `login()` and `logout()` throw. The proxy is its `fetch`, which is given here: it adds the bearer token, and after
 * a 401 reports it and sends the request once more. Nothing of the SDK is replaced.
 *
 * Answers are those of Node's own `fetch`, not of `node-fetch`: `response.body` is a web stream.
 */
export const sharedSession = (tokens: Pick<TokenClient, 'fetch'>, grantId: string): SharedSession => ({
  authProxy: true,
  fetch: async (input, init) => {
    refuseSession(input, grantId);
    return tokens.fetch(grantId, input, init);
  },
  Request,
  Response,
  Headers,
});
