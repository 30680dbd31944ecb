/** The three grant types of the token endpoint. The client is known to be who it says, and within its rate limit. */

import type { RefusalCode } from './answers.ts';
import { verifierMatches } from './code.ts';
import type { App } from './config.ts';
import type { Params } from './credentials.ts';
import { endSession, grantTypeOf, rotateSession, startSession } from './issue.ts';
import { askedLifetimes, type Lifetimes, replayIsOpen, type Session } from './session.ts';
import { findToken } from './session-store.ts';
import type { State } from './state.ts';

export type GrantResult =
  | { readonly outcome: 'issued' | 'refreshed' | 'replayed'; readonly session: Session }
  | {
      readonly outcome: 'refused';
      readonly code: RefusalCode;
      readonly detail?: string;
      readonly session?: Session;
    };

const refused = (code: RefusalCode, detail?: string): GrantResult => ({
  outcome: 'refused',
  code,
  ...(detail === undefined ? {} : { detail }),
});

const missing = (name: string): GrantResult => refused('CMN-101', `Parameter [${name}] is missing`);

const lifetimesFor = (state: State, params: Params, otherwise?: Lifetimes): Lifetimes | undefined =>
  askedLifetimes(
    params,
    otherwise ?? { accessMs: state.rules.accessTokenMs, refreshMs: state.rules.refreshTokenMs },
    state.rules,
  );

const start = (state: State, app: App, ownerId: string, params: Params): GrantResult => {
  if (state.disabledUsers.has(ownerId)) return refused('OAU-140');
  const lifetimes = lifetimesFor(state, params);
  if (lifetimes === undefined) return refused('CMN-101', 'Token lifetimes must be whole numbers of seconds');
  const endpointId = params.endpoint_id;
  const session = startSession(state, {
    app,
    ownerId,
    lifetimes,
    ...(endpointId === undefined ? {} : { endpointId }),
  });
  return { outcome: 'issued', session };
};

/** RFC 6749 §4.1.3: a code works once, for the app and the redirect URI it was issued to, for about a minute. */
const authorizationCode = (state: State, app: App, params: Params): GrantResult => {
  if (params.code === undefined) return missing('code');
  if (params.redirect_uri === undefined) return missing('redirect_uri');
  const code = state.codes.get(params.code);
  if (code === undefined || code.used || code.clientId !== app.clientId) return refused('OAU-213');
  if (code.expiresAt <= state.clock()) return refused('OAU-210');
  if (code.redirectUri !== params.redirect_uri) return refused('OAU-109');
  if (!verifierMatches(code.challenge, params.code_verifier))
    return refused('OAU-213', 'Code verifier does not match');
  code.used = true;
  return start(state, app, code.ownerId, params);
};

/** RFC 7523 §2.1; a JWT credential is an opaque string here. */
const jwtBearer = (state: State, app: App, params: Params): GrantResult => {
  if (params.assertion === undefined) return missing('assertion');
  const ownerId = state.jwtCredentials.get(params.assertion);
  if (ownerId === undefined || !state.users.has(ownerId)) return refused('OAU-213', 'Assertion is not valid');
  return start(state, app, ownerId, params);
};

const spentToken = (state: State, session: Session, token: string): GrantResult => {
  if (replayIsOpen(session, token, state.rules, state.clock())) return { outcome: 'replayed', session };
  if (!state.rules.replay) endSession(state, session, 'reuse');
  return { ...refused('OAU-213'), session };
};

const liveToken = (state: State, session: Session, params: Params): GrantResult => {
  const now = state.clock();
  const accessOver = session.accessKilled || session.tokens.accessExpiresAt <= now;
  if (
    (session.tokens.refreshExpiresAt ?? 0) <= now ||
    (state.rules.refreshNeedsLiveAccessToken && accessOver)
  ) {
    return { ...refused('OAU-210'), session };
  }
  const lifetimes = lifetimesFor(state, params, session.lifetimes);
  if (lifetimes === undefined) return refused('CMN-101', 'Token lifetimes must be whole numbers of seconds');
  rotateSession(state, session, lifetimes);
  return { outcome: 'refreshed', session };
};

/** RFC 6749 §6, and RingCentral's replay window for a spent token. */
const refreshToken = (state: State, app: App, params: Params): GrantResult => {
  const token = params.refresh_token;
  if (token === undefined) return missing('refresh_token');
  const { session, kind } = findToken(state.sessions, token) ?? {};
  if (session?.clientId !== app.clientId || (kind !== 'refresh' && kind !== 'spent-refresh'))
    return refused('OAU-213');
  if (session.end !== undefined) {
    return { ...refused(session.end.reason === 'user-ended' ? 'OAU-211' : 'OAU-213'), session };
  }
  if (state.disabledUsers.has(session.ownerId)) return { ...refused('OAU-140'), session };
  return kind === 'refresh' ? liveToken(state, session, params) : spentToken(state, session, token);
};

const handlers = {
  authorization_code: authorizationCode,
  'jwt-bearer': jwtBearer,
  refresh_token: refreshToken,
} as const;

export const grant = (state: State, app: App, params: Params): GrantResult => {
  if (params.grant_type === undefined) return missing('grant_type');
  const grantType = grantTypeOf(params.grant_type);
  if (grantType === undefined) return refused('OAU-250');
  if (!app.grantTypes.includes(grantType)) return refused('OAU-112');
  return handlers[grantType](state, app, params);
};
