/** The authorisation endpoint: what is asked (RFC 6749 §4.1.1, RFC 7636 §4.3), and the user's decision. */

import { type Answer, html, redirect } from './answers.ts';
import type { CodeChallenge } from './code.ts';
import type { App } from './config.ts';
import { consentPage, errorPage } from './consent-page.ts';
import { randomToken, type State } from './state.ts';

export type AuthorizationRequest = {
  readonly app: App;
  readonly redirectUri: string;
  readonly state?: string;
  readonly challenge?: CodeChallenge;
};

type Checked =
  | { readonly kind: 'ok'; readonly request: AuthorizationRequest }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Nobody to redirect to: an unknown app or redirect URI never gets a redirect, RFC 6749 §4.1.2.1. */
  | { readonly kind: 'page'; readonly message: string };

const withParams = (uri: string, params: Readonly<Record<string, string | undefined>>): string => {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(params))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
};

/** `undefined`: none was sent. `'invalid'`: not a challenge that RFC 7636 §4.2 allows. */
const challengeOf = (query: URLSearchParams): CodeChallenge | 'invalid' | undefined => {
  const value = query.get('code_challenge');
  const method = query.get('code_challenge_method');
  if (value === null) return method === null ? undefined : 'invalid';
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(value)) return 'invalid';
  if (method === 'S256') return { value, method };
  return method === null || method === 'plain' ? { value, method: 'plain' } : 'invalid';
};

const check = (provider: State, query: URLSearchParams): Checked => {
  const app = provider.apps.get(query.get('client_id') ?? '');
  if (app === undefined) return { kind: 'page', message: 'Unknown client_id' };
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!app.redirectUris.includes(redirectUri)) {
    return { kind: 'page', message: 'redirect_uri is not one of those registered for this app' };
  }
  const state = query.get('state') ?? undefined;
  const refuse = (error: string, description: string): Checked => ({
    kind: 'redirect',
    location: withParams(redirectUri, { error, error_description: description, state }),
  });
  if (!app.grantTypes.includes('authorization_code')) {
    return refuse('unauthorized_client', 'This app may not use the authorization code flow');
  }
  if (query.get('response_type') !== 'code')
    return refuse('unsupported_response_type', 'response_type must be code');
  const challenge = challengeOf(query);
  if (challenge === 'invalid') return refuse('invalid_request', 'code_challenge or its method is not valid');
  return {
    kind: 'ok',
    request: {
      app,
      redirectUri,
      ...(state === undefined ? {} : { state }),
      ...(challenge ? { challenge } : {}),
    },
  };
};

const answerUnlessOk = (checked: Exclude<Checked, { kind: 'ok' }>): Answer =>
  checked.kind === 'page' ? html(400, errorPage(checked.message)) : redirect(checked.location);

/** `GET`: the consent page, a redirect with an error, or a page of status 400. */
export const showConsent = (state: State, query: URLSearchParams): Answer => {
  const checked = check(state, query);
  if (checked.kind !== 'ok') return answerUnlessOk(checked);
  return html(200, consentPage(checked.request.app, [...state.users.values()], query));
};

const maxCodes = 1000;

const issueCode = (
  state: State,
  { app, redirectUri, challenge }: AuthorizationRequest,
  ownerId: string,
): string => {
  const now = state.clock();
  const oldest = state.codes.keys().next().value;
  if (state.codes.size >= maxCodes && oldest !== undefined) state.codes.delete(oldest);
  const code = randomToken(state);
  state.codes.set(code, {
    clientId: app.clientId,
    ownerId,
    redirectUri,
    ...(challenge ? { challenge } : {}),
    expiresAt: now + state.rules.codeMs,
    used: false,
  });
  return code;
};

/** `POST`: the form of the consent page, `owner_id` and `decision` beside the parameters of the request it was shown for. */
export const decide = (provider: State, form: URLSearchParams): Answer => {
  const checked = check(provider, form);
  if (checked.kind !== 'ok') return answerUnlessOk(checked);
  const { request } = checked;
  const { redirectUri, state } = request;
  const ownerId = form.get('owner_id') ?? '';
  const party = { at: provider.clock(), clientId: request.app.clientId, ownerId };
  if (form.get('decision') !== 'allow') {
    provider.emit({ type: 'denied', at: party.at, clientId: party.clientId });
    return redirect(
      withParams(redirectUri, { error: 'access_denied', error_description: 'The user denied access', state }),
    );
  }
  if (!provider.users.has(ownerId)) return html(400, errorPage('Unknown user'));
  if (provider.disabledUsers.has(ownerId)) return html(403, errorPage('Login of this user is disabled'));
  const code = issueCode(provider, request, ownerId);
  provider.emit({ type: 'consented', ...party });
  const expiresIn = String(Math.floor(provider.rules.codeMs / 1000));
  return redirect(withParams(redirectUri, { code, state, expires_in: expiresIn }));
};
