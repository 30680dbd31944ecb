/** What the simulator's tests share: a clock that stands still, two apps, two users, and short ways to ask. */

import {
  type AuthRequest,
  createProvider,
  type Provider,
  type ProviderOptions,
  type SimulatorEvent,
  type Snapshot,
  type TokenResponse,
} from '../../sandbox/ringcentral/index.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

export const redirectUri = 'https://app.example/callback?tenant=7';
export const confidential = {
  clientId: 'server-app',
  clientSecret: 'p:ss wörd+/%',
  redirectUris: [redirectUri],
};
export const publicApp = { clientId: 'browser-app', redirectUris: ['http://127.0.0.1:9999/cb'] };
export const ada = { ownerId: '256440016', name: 'Ada <Lovelace>' };
export const bob = { ownerId: '256440017', name: 'Bob' };
export const adasJwt = 'jwt-credential-of-ada';

export const basic = (clientId = confidential.clientId, secret = confidential.clientSecret): string =>
  `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;

export const form = (params: Record<string, string>): string => new URLSearchParams(params).toString();

export const formType = 'application/x-www-form-urlencoded';

export type Reply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly tokens: TokenResponse;
};

export const request = (params: Record<string, string>, over: Partial<AuthRequest> = {}): AuthRequest => ({
  endpoint: 'token',
  authorization: basic(),
  contentType: formType,
  body: form(params),
  ...over,
});

export const refreshRequest = (
  refreshToken: string | undefined,
  more: Record<string, string> = {},
): AuthRequest => request({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '', ...more });

const reply = ({ status, headers, body }: ReturnType<Provider['answer']>): Reply => {
  const parsed = body === '' ? {} : JSON.parse(body);
  return { status, headers, code: parsed.errors?.[0]?.errorCode, error: parsed.error, tokens: parsed };
};

export type World = {
  readonly provider: Provider;
  readonly events: SimulatorEvent[];
  readonly advance: (ms: number) => void;
  readonly now: () => number;
  readonly ask: (params: Record<string, string>, over?: Partial<AuthRequest>) => Reply;
  readonly refresh: (refreshToken: string | undefined, more?: Record<string, string>) => Reply;
  readonly revoke: (token: string | undefined) => Reply;
  readonly use: (accessToken: string) => Reply;
  readonly login: (more?: Record<string, string>) => Reply;
};

export const options = (over: Partial<ProviderOptions> = {}): ProviderOptions => ({
  apps: [confidential, publicApp],
  users: [ada, bob],
  jwtCredentials: { [adasJwt]: ada.ownerId },
  rateLimitScope: 'off',
  ...over,
});

export const createWorld = (
  over: Partial<ProviderOptions> = {},
  snapshot?: Snapshot,
  startMs = 1_800_000_000_000,
): World => {
  let nowMs = startMs;
  const events: SimulatorEvent[] = [];
  const clock = () => nowMs;
  const provider = createProvider(
    options({ clock, onEvent: event => events.push(event), ...over }),
    snapshot,
  );
  const ask: World['ask'] = (params, more) => reply(provider.answer(request(params, more)));
  return {
    provider,
    events,
    advance: ms => {
      nowMs += ms;
    },
    now: clock,
    ask,
    refresh: (refreshToken, more) => reply(provider.answer(refreshRequest(refreshToken, more))),
    revoke: token => ask({ token: token ?? '' }, { endpoint: 'revoke' }),
    use: accessToken => reply(provider.readExtension(accessToken)),
    login: more =>
      ask({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: adasJwt, ...more }),
  };
};
