/** How the next tokens of a grant are asked for: with its refresh token, or with its JWT credential. */
import type { TokenAnswer } from '../domain/answer.ts';
import type { App } from '../domain/app.ts';
import type { Grant } from '../domain/grant.ts';
import { type Credential, fullTtls, mintTtls, renewalOf } from '../domain/mint.ts';
import { ttlsOf } from '../domain/tokens.ts';
import { askWithCurrentCredentials } from './apps.ts';
import type { Context } from './attempt.ts';
import type { Credentials, NewSession } from './ports.ts';

export type Means = { readonly kind: 'refresh' } | { readonly kind: 'mint'; readonly credential: Credential };

export type FoundCredential =
  | { readonly ok: true; readonly credential: Credential }
  | {
      readonly ok: false;
      readonly code: 'credential-unknown' | 'credential-mismatch' | 'credentials-unreadable';
    };

type Named = { readonly name: string; readonly app: string };

const choose = (configured: readonly Credential[], { name, app }: Named): FoundCredential => {
  const credential = configured.find(candidate => candidate.name === name);
  if (credential === undefined) return { ok: false, code: 'credential-unknown' };
  return credential.app === app ? { ok: true, credential } : { ok: false, code: 'credential-mismatch' };
};

/** What does not fit is read again first: the secret may have been changed after it was cached. */
const findCredential = async (
  credentials: Credentials,
  named: Named,
  options: { readonly fresh: boolean } = { fresh: false },
): Promise<FoundCredential> => {
  try {
    const found = choose(await credentials.all(options), named);
    return found.ok || options.fresh ? found : choose(await credentials.all({ fresh: true }), named);
  } catch {
    return { ok: false, code: 'credentials-unreadable' };
  }
};

type FoundMeans =
  | { readonly ok: true; readonly means: Means }
  | Extract<FoundCredential, { readonly ok: false }>;

export const findMeans = async ({ credentials, clock }: Context, grant: Grant): Promise<FoundMeans> => {
  if (grant.credential === undefined || renewalOf(grant, clock.now()) !== 'mint') {
    return { ok: true, means: { kind: 'refresh' } };
  }
  const found = await findCredential(credentials, { name: grant.credential, app: grant.app });
  return found.ok ? { ok: true, means: { kind: 'mint', credential: found.credential } } : found;
};

/**
 * Mints, and where the credential is refused, reads it again and mints once more if it has changed: a person may have replaced it a
 * moment ago.
 */
export const mint = async (
  { apps, credentials, tokenEndpoint }: Context,
  app: App,
  credential: Credential,
  session: NewSession,
  mayAskAgain: () => boolean,
): Promise<TokenAnswer> => {
  const issuedTo = { app: app.name, server: app.server, clientId: app.clientId };
  const ask = (assertion: string) =>
    askWithCurrentCredentials(
      apps,
      app,
      issuedTo,
      current => tokenEndpoint.mint(current, { assertion, ...session }),
      mayAskAgain,
    );
  const answer = await ask(credential.jwt);
  if (answer.kind !== 'refused') return answer;
  const fresh = await findCredential(credentials, credential, { fresh: true });
  const changed = fresh.ok && fresh.credential.jwt !== credential.jwt;
  return changed && mayAskAgain() ? ask(fresh.credential.jwt) : answer;
};

export const askForTokens = (
  context: Context,
  app: App,
  grant: Grant,
  means: Means,
  mayAsk: () => boolean,
): Promise<TokenAnswer> => {
  const { apps, tokenEndpoint, settings } = context;
  if (means.kind === 'mint') {
    const { endpointId } = grant;
    const session = { ...(endpointId !== undefined && { endpointId }), ttls: mintTtls(grant, settings) };
    return mint(context, app, means.credential, session, mayAsk);
  }
  const ttls = grant.credential === undefined ? ttlsOf(grant) : fullTtls(grant, settings);
  return askWithCurrentCredentials(
    apps,
    app,
    grant,
    current => tokenEndpoint.refresh(current, grant.tokens?.refreshToken ?? '', ttls),
    mayAsk,
  );
};
