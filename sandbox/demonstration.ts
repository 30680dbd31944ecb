/** The app, the users and the grants that a local run demonstrates with. */
import type { Strategy } from '../functions/domain/grant.ts';
import type { LocalRun } from './local-run.ts';
import type { AppConfig, TokenResponse, UserConfig } from './ringcentral/index.ts';

export const app: AppConfig & { readonly name: string; readonly clientSecret: string } = {
  name: 'demonstration',
  clientId: 'demonstration-app_1',
  clientSecret: 'local-client-secret',
  redirectUris: ['http://127.0.0.1/callback'],
};

export type DemoGrant = {
  readonly grantId: string;
  readonly ownerId: string;
  readonly strategy: Strategy;
  readonly label: string;
  /** Whether a consumer keeps asking for its token. */
  readonly isRead?: boolean;
  /** Without a refresh token it lives as long as its access token. */
  readonly refreshable?: false;
  /** Minted from this JWT credential; nobody authorises it. */
  readonly credential?: string;
};

/** Left for the link that the printed `curl` line makes. */
export const joan = { grantId: 'demo:joan', ownerId: '1009', name: 'Joan' } as const;

export const users: readonly UserConfig[] = [
  { ownerId: '1001', name: 'Ada' },
  { ownerId: '1002', name: 'Grace' },
  { ownerId: '1003', name: 'Alan' },
  { ownerId: '1004', name: 'Barbara' },
  { ownerId: '1005', name: 'Edsger' },
  { ownerId: '1006', name: 'Katherine' },
  { ownerId: '1007', name: 'Dorothy' },
  { ownerId: '1008', name: 'Radia' },
  joan,
];

/** For RingCentral's own SDK, server to server: `login({ jwt })`. */
export const demonstrationJwt = { assertion: 'demonstration-jwt', ownerId: '1007' } as const;

/** What the JWT secret holds. */
export const credential = {
  name: 'switchboard',
  app: app.name,
  jwt: 'switchboard-jwt',
  ownerId: '1008',
} as const;

export const jwtCredentials: Readonly<Record<string, string>> = {
  [demonstrationJwt.assertion]: demonstrationJwt.ownerId,
  [credential.jwt]: credential.ownerId,
};

export const mintedGrant: DemoGrant = {
  grantId: 'demo:radia',
  ownerId: credential.ownerId,
  strategy: 'weekly',
  label: 'from a JWT credential',
  credential: credential.name,
};

export const demoGrants: readonly DemoGrant[] = [
  { grantId: 'demo:ada', ownerId: '1001', strategy: 'weekly', label: 'weekly, nobody asks' },
  { grantId: 'demo:grace', ownerId: '1002', strategy: 'weekly', label: 'weekly, in use', isRead: true },
  { grantId: 'demo:alan', ownerId: '1003', strategy: 'hourly', label: 'hourly, nobody asks' },
  { grantId: 'demo:barbara', ownerId: '1004', strategy: 'hourly', label: 'hourly, in use', isRead: true },
  {
    grantId: 'demo:edsger',
    ownerId: '1005',
    strategy: 'weekly',
    label: 'no refresh token',
    refreshable: false,
  },
  mintedGrant,
];

/** Left for the import that the printed `curl` line does. */
export const spareOwner = { grantId: 'demo:katherine', ownerId: '1006' };

export type GrantView = {
  readonly grantId: string;
  readonly state: string;
  readonly strategy: string;
  readonly generation: number;
  readonly ownerId: string;
  readonly label?: string;
  readonly accessExpiresAt?: string;
  readonly refreshExpiresAt?: string;
  readonly dueAt?: string;
  readonly holdUntil?: string;
  readonly refreshing: boolean;
  readonly lastError?: { readonly code: string };
};

export type DirectAnswer<T> =
  | { readonly ok: true; readonly result: T }
  | {
      readonly ok: false;
      readonly error: { readonly status: number; readonly code: string; readonly detail: string };
    };

/** One direct invocation, as another Lambda would make it. */
export const direct = async <T>(run: LocalRun, alias: string, event: object): Promise<DirectAnswer<T>> =>
  (await run.api.invoke(event, alias)) as DirectAnswer<T>;

export const listGrants = async (run: LocalRun): Promise<readonly GrantView[]> => {
  const answer = await direct<{ grants: GrantView[] }>(run, 'admin', { action: 'listGrants' });
  return answer.ok ? answer.result.grants : [];
};

/** The name of a credential, or a token response, as if the user had just consented. */
const bodyOf = (
  { simulator }: LocalRun,
  { ownerId, refreshable, credential: name }: DemoGrant,
): { readonly credential: string } | TokenResponse => {
  if (name !== undefined) return { credential: name };
  const ttls = refreshable === false ? { refreshTokenTtlSeconds: 0 } : {};
  return simulator.provider.authorize(ownerId, app.clientId, ttls);
};

/** Through the API, as everybody's. */
const putGrant = async (run: LocalRun, grant: DemoGrant, generation: number | undefined): Promise<void> => {
  const { grantId, strategy, label } = grant;
  const answer = await fetch(`${run.url}/grants/${grantId}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      ...(generation !== undefined && { 'if-match': `"${generation}"` }),
    },
    body: JSON.stringify({ ...bodyOf(run, grant), strategy, label }),
  });
  if (!answer.ok) throw new Error(`${grantId} could not be connected: ${await answer.text()}`);
};

const isOver = ({ state, refreshExpiresAt, accessExpiresAt }: GrantView, nowMs: number): boolean =>
  state === 'reauthorize' ||
  (state === 'active' && Date.parse(refreshExpiresAt ?? accessExpiresAt ?? '') <= nowMs);

/**
 * Connects the demonstration grants that are not there yet, or that died while nothing ran; those that live go on, and those that
 * somebody revoked stay revoked.
 */
export const connectGrants = async (run: LocalRun, grants: readonly DemoGrant[]): Promise<void> => {
  const known = new Map((await listGrants(run)).map(grant => [grant.grantId, grant]));
  for (const grant of grants) {
    const before = known.get(grant.grantId);
    const mintsItself = grant.credential !== undefined && before?.state === 'active';
    if (before === undefined || (!mintsItself && isOver(before, Date.now()))) {
      await putGrant(run, grant, before?.generation);
    }
  }
};
