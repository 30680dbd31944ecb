/** Who is asking: client authentication at the token and revoke endpoints (RFC 6749 §2.3.1). Pure. */

import { sameText } from './code.ts';
import type { App } from './config.ts';

export type Params = Readonly<Record<string, string>>;

export type Credentials = { readonly clientId: string; readonly clientSecret?: string };

/** RFC 6749 §3.2: no parameter more than once. An empty value counts as absent. `undefined`: not such a form. */
export const parseForm = (contentType: string | undefined, body: string): Params | undefined => {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    return undefined;
  const entries = [...new URLSearchParams(body)];
  if (new Set(entries.map(([name]) => name)).size !== entries.length) return undefined;
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
};

/** RingCentral takes the raw id and secret, without the form encoding that RFC 6749 asks for. */
const parseBasic = (authorization: string): Credentials | undefined => {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const [clientId = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { clientId, clientSecret: secret.join(':') };
};

/** What the request says about its app; nothing is checked. */
export const claimedCredentials = (
  authorization: string | undefined,
  params: Params,
): Credentials | undefined => {
  const inBody = params.client_id;
  if (authorization === undefined) return inBody === undefined ? undefined : { clientId: inBody };
  const credentials = parseBasic(authorization);
  return inBody === undefined || inBody === credentials?.clientId ? credentials : undefined;
};

/** A confidential app needs its secret in the header; a public one has no header and no secret. */
export const credentialsAreRight = (app: App, given: Credentials): boolean => {
  if (app.clientSecret === undefined) return given.clientSecret === undefined;
  return given.clientSecret !== undefined && sameText(app.clientSecret, given.clientSecret);
};
