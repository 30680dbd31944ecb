/** Connecting an account: an authorization code becomes the grant's new session (RFC 6749 §4.1.3). */
import type { TokenAnswer } from '../domain/answer.ts';
import type { Grant, Stored, Strategy } from '../domain/grant.ts';
import { present, type RequestedTtls, type TokenResponse } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { askWithCurrentCredentials } from './apps.ts';
import { type Context, fitsBefore, momentOf } from './attempt.ts';
import { claimOwner, confirmClaim, ownerAlreadyConnected } from './claims.ts';
import { KeeperError } from './errors.ts';
import { type Asked, checkHolds, discard, noTokens, type Obtained } from './new-session.ts';
import { chooseApp } from './put-grant.ts';
import { persist, update } from './update.ts';

export type Authorization = {
  readonly app: string;
  readonly code: string;
  readonly codeVerifier?: string;
  readonly redirectUri: string;
  readonly endpointId?: string;
  readonly ttls: RequestedTtls;
  readonly strategy?: Strategy;
  readonly label?: string;
  /** Whether another RingCentral user than the grant's may take it over. */
  readonly allowOwnerChange: boolean;
};

export type Preparation = {
  readonly app: string;
  readonly server: string;
  readonly clientId: string;
  readonly pkce: boolean;
  readonly endpointId?: string;
};

/** Throws {@link KeeperError}: `invalid-request`, `misconfigured`. The endpoint id is the grant's, so that it stays the same. */
export const prepareConnection = async (
  context: Context,
  grantId: string,
  appName: string | undefined,
): Promise<Preparation> => {
  const before = await context.store.grants.get(grantId);
  const { name, server, clientId, pkce = true } = await chooseApp(context, appName ?? before?.value.app);
  return present({ app: name, server, clientId, pkce, endpointId: before?.value.endpointId });
};

/** Why these tokens may not become the grant's. Looked at again with every version that is written upon. */
const objection = (
  before: Grant | undefined,
  current: Grant | undefined,
  ownerId: string,
  { allowOwnerChange }: Authorization,
): KeeperError | undefined => {
  if (current === undefined) return undefined;
  const isGone = (grant: Grant | undefined) => grant?.state === 'revoking' || grant?.state === 'revoked';
  if (isGone(current) && !(isGone(before) && before?.generation === current.generation)) {
    return new KeeperError(
      'grant-revoked',
      'The grant was revoked while the account was being connected. Connect it again if that is wanted.',
    );
  }
  if (current.ownerId === ownerId || allowOwnerChange) return undefined;
  return new KeeperError(
    'owner-mismatch',
    "Another RingCentral user has authorised than this grant's. Log in as that one, or make a link that allows another.",
  );
};

const connectionOf = (
  { app, grantId }: Asked,
  authorization: Authorization,
  { response, obtainedAt, connectionId }: Obtained,
  before: Grant | undefined,
): writes.Connection => {
  const { strategy, label, ttls } = authorization;
  return {
    grantId,
    connectionId,
    startedBy: connectionId,
    strategy: strategy ?? before?.strategy ?? 'weekly',
    app: app.name,
    server: app.server,
    clientId: app.clientId,
    ownerId: response.ownerId,
    response,
    obtainedAt,
    ...ttls,
    ...(label !== undefined && { label }),
  };
};

/**
 * The tokens are in hand and nowhere else: storing them is tried until the invocation's time is nearly over. The fence is the
 * connection as read before the exchange: another one that came since stays, and is what is returned.
 */
const store = async (
  context: Context,
  asked: Asked,
  authorization: Authorization,
  obtained: Obtained,
  before: Stored<Grant> | undefined,
): Promise<Stored<Grant>> => {
  const { store: records, randomness, clock } = context;
  const { app, grantId, deadlineAt } = asked;
  const { ownerId } = obtained.response;
  const refuse = (current: Grant | undefined) => objection(before?.value, current, ownerId, authorization);
  // Before the claim: an owner that is refused must not leave one behind.
  const atOnce = refuse(before?.value);
  if (atOnce !== undefined) throw atOnce;
  await persist(() => claimOwner(context, { app: app.name, ownerId, grantId }), deadlineAt, clock);
  const jitter = randomness.fraction();
  let refused: KeeperError | undefined;
  const { stored } = await persist(
    () =>
      update(records.grants, grantId, current => {
        refused = refuse(current);
        if (refused !== undefined) return undefined;
        // Stored already, by a first try whose answer was lost; or replaced since then, and its session ended.
        if (current?.connectionId !== before?.value.connectionId) return undefined;
        const connection = connectionOf(asked, authorization, obtained, current);
        return writes.connect(current, connection, jitter, momentOf(context));
      }),
    deadlineAt,
    clock,
  );
  if (refused !== undefined) throw refused;
  if (stored === undefined) throw new Error('a grant that was connected is always stored');
  return stored;
};

const obtain = async (
  context: Context,
  { app, deadlineAt }: Asked,
  authorization: Authorization,
): Promise<TokenAnswer> => {
  const { apps, tokenEndpoint } = context;
  const { code, codeVerifier, redirectUri, endpointId, ttls } = authorization;
  const exchange = {
    code,
    redirectUri,
    ttls,
    ...(codeVerifier !== undefined && { codeVerifier }),
    ...(endpointId !== undefined && { endpointId }),
  };
  return askWithCurrentCredentials(
    apps,
    app,
    { app: app.name, server: app.server, clientId: app.clientId },
    current => tokenEndpoint.exchange(current, exchange),
    () => fitsBefore(context, deadlineAt),
  );
};

const responseOf = async (
  context: Context,
  asked: Asked,
  answer: TokenAnswer,
): Promise<TokenResponse & { ownerId: string }> => {
  if (answer.kind === 'refused') {
    throw new KeeperError(
      'authorization-refused',
      `RingCentral does not take this authorization code (${answer.code}): it is used, expired or not for this request. Begin again.`,
    );
  }
  if (answer.kind !== 'rotated') throw await noTokens(context, asked, answer);
  const { ownerId } = answer.response;
  if (ownerId !== undefined) return { ...answer.response, ownerId };
  const { refreshToken, accessToken } = answer.response;
  await context.tokenEndpoint.revoke(asked.app, refreshToken ?? accessToken);
  throw new KeeperError('misconfigured', "RingCentral's answer names no user (owner_id).");
};

/** After a write whose outcome is not known. What may be the live session is never ended. */
const maybeStored = async (
  context: Context,
  grantId: string,
  { connectionId }: Obtained,
): Promise<boolean> => {
  try {
    return (await context.store.grants.get(grantId))?.value.connectionId === connectionId;
  } catch {
    return true;
  }
};

/**
 * Throws {@link KeeperError}: `invalid-request`, `authorization-refused`, `owner-mismatch`, `owner-already-connected`,
 * `grant-revoked`, `provider-unavailable`, `misconfigured`. What is not stored is ended; what was stored before is ended by the
 * sweep. An exchange whose answer is lost leaves a session that nobody knows, until its tokens die by themselves.
 */
export const connectGrant = async (
  context: Context,
  grantId: string,
  authorization: Authorization,
  deadlineAt: number,
): Promise<Grant> => {
  const { clock, randomness, observe } = context;
  const before = await context.store.grants.get(grantId);
  const app = await chooseApp(context, authorization.app);
  if (!fitsBefore(context, deadlineAt)) {
    throw new KeeperError('provider-unavailable', 'There is too little time left. Begin again.', 1000);
  }
  await checkHolds(context, app, before?.value);
  const asked: Asked = { app, grantId, deadlineAt };
  const obtainedAt = clock.now();
  const answer = await obtain(context, asked, authorization);
  const response = await responseOf(context, asked, answer);
  const obtained: Obtained = { response, obtainedAt, connectionId: randomness.id() };
  try {
    const stored = await store(context, asked, authorization, obtained, before);
    if (stored.value.connectionId !== obtained.connectionId) {
      await discard(context, asked, obtained);
      return stored.value;
    }
    observe({ type: 'connected', grantId, generation: stored.value.generation });
    const { value: grant } = await persist(() => confirmClaim(context, stored), deadlineAt, clock);
    if (!grant.claimed && grant.connectionId === obtained.connectionId) {
      throw ownerAlreadyConnected(grant.ownerId);
    }
    return grant;
  } catch (error) {
    if (error instanceof KeeperError || !(await maybeStored(context, grantId, obtained))) {
      await discard(context, asked, obtained).catch(() => undefined);
    }
    throw error;
  }
};
