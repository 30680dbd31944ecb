/** The provider of the simulation and that of the local run, behind one face: asked alike, and heard as the keeper hears them. */
import {
  classifyRevokeAnswer,
  classifyTokenAnswer,
  type RawAnswer,
  type RevokeAnswer,
  type TokenAnswer,
} from '../../functions/domain/answer.ts';
import { readTokenResponse, type TokenResponse } from '../../functions/domain/tokens.ts';
import { createProvider as createLocal } from '../../sandbox/ringcentral/index.ts';
import { createProvider as createSimulated } from '../../simulation/world/provider.ts';
import type { ProviderRules } from '../../simulation/world/scenario.ts';
import { type AppName, apps, owners } from './provider-steps.ts';

export type Act = 'refresh' | 'revoke' | 'limit';
export type Asked = { readonly app: AppName; readonly secret: string; readonly token: string };

/** A session as far as both tell of it. */
export type SessionView = {
  readonly ownerId: string;
  readonly alive: boolean;
  readonly end: string | undefined;
  readonly accessExpiresAt: number;
  readonly refreshExpiresAt: number | undefined;
  readonly firstUsedAt: number | undefined;
};

export type Side = {
  authorize(app: AppName, ownerId: string): TokenResponse;
  ask(act: Act, asked: Asked): TokenAnswer | RevokeAnswer;
  use(accessToken: string): boolean;
  endSessions(ownerId: string): void;
  changeSecret(app: AppName, secret: string): void;
  sessions(): SessionView[];
};

export const firstSecret = 'first secret';

const heard = (act: Act, answer: RawAnswer, now: number): TokenAnswer | RevokeAnswer =>
  act === 'revoke' ? classifyRevokeAnswer(answer, now) : classifyTokenAnswer(answer, now);

const tokensOf = (body: unknown): TokenResponse => {
  const tokens = readTokenResponse(body);
  if (tokens === undefined) throw new Error('no token response');
  return tokens;
};

export const simulated = (rules: ProviderRules, now: () => number) => {
  const provider = createSimulated(rules);
  for (const app of apps) provider.secrets.set(app, firstSecret);
  const side: Side = {
    authorize: (app, ownerId) =>
      tokensOf(provider.authorize({ app, ownerId, at: now(), refreshable: app === 'main' })),
    ask: (act, { app, secret, token }) =>
      heard(act, provider[act]({ app, clientSecret: secret, token, now: now() }).answer, now()),
    use: accessToken => provider.use(accessToken, now()),
    // There it is one app's sessions, since each grant has one app; here an owner ends those of all.
    endSessions: ownerId => {
      for (const app of apps) provider.endSessions(app, ownerId, now());
    },
    changeSecret: (app, secret) => void provider.secrets.set(app, secret),
    sessions: () =>
      provider.sessions().map(session => {
        const { ownerId, end, accessExpiresAt, refreshExpiresAt, refresh, firstUsedAt } = session;
        const alive = end === undefined && (now() < accessExpiresAt || now() < refreshExpiresAt);
        return {
          ...{ ownerId, alive, end: end?.reason, accessExpiresAt, firstUsedAt },
          refreshExpiresAt: refresh === undefined ? undefined : refreshExpiresAt,
        };
      }),
  };
  return { ...side, canRefresh: (token: string) => provider.canRefresh(token, now()), endOf: provider.endOf };
};

const clientIdOf = (app: AppName): string => `client-${app}`;

export const local = (rules: ProviderRules, now: () => number): Side => {
  const provider = createLocal({
    clock: now,
    apps: apps.map(app => ({
      clientId: clientIdOf(app),
      clientSecret: firstSecret,
      redirectUris: [],
      issuesRefreshTokens: app === 'main',
    })),
    users: owners.map(ownerId => ({ ownerId, name: ownerId })),
    accessTokenMs: rules.accessLifetimeMs,
    refreshTokenMs: rules.refreshLifetimeMs,
    replay: rules.kind === 'replay',
    replayWindowMs: rules.replayWindowMs,
    replayAfterUseMs: rules.replayAfterUseMs,
    oneActiveAccessToken: rules.oneAccessTokenPerOwner ? 'user' : 'session',
    maxSessionsPerUser: rules.maxSessions,
    rateLimitScope: rules.rateLimitScope === 'grant' ? 'user' : rules.rateLimitScope,
    rateLimitRequests: rules.rateLimitRequests,
    rateLimitWindowMs: rules.rateLimitWindowMs,
    penaltyMs: rules.penaltyMs,
  });
  return {
    authorize: (app, ownerId) => tokensOf(provider.authorize(ownerId, clientIdOf(app))),
    ask: (act, { app, secret, token }) => {
      const params = act === 'revoke' ? { token } : { grant_type: 'refresh_token', refresh_token: token };
      const exchange = provider.arrive({
        endpoint: act === 'revoke' ? 'revoke' : 'token',
        authorization: `Basic ${Buffer.from(`${clientIdOf(app)}:${secret}`).toString('base64')}`,
        contentType: 'application/x-www-form-urlencoded',
        body: new URLSearchParams(params as Record<string, string>).toString(),
      });
      const { status, body, headers } = act === 'limit' ? exchange.penalise() : exchange.process();
      exchange.settle('delivered');
      const retryAfter = headers['retry-after'];
      return heard(act, { status, body, ...(retryAfter !== undefined && { retryAfter }) }, now());
    },
    use: accessToken => provider.readExtension(accessToken).status === 200,
    endSessions: ownerId => void provider.endSessions(ownerId),
    changeSecret: (app, secret) => void provider.rotateSecret(clientIdOf(app), secret),
    sessions: () =>
      provider.sessions().map(session => {
        const { ownerId, alive, endReason, accessExpiresAt, refreshExpiresAt, accessFirstUsedAt } = session;
        return {
          ...{ ownerId, alive, end: endReason, accessExpiresAt, refreshExpiresAt },
          firstUsedAt: accessFirstUsedAt,
        };
      }),
  };
};
