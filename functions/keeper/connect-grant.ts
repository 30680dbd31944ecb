/** Connecting an account: an authorization code becomes the grant's new session (RFC 6749 §4.1.3). */
import type { TokenAnswer } from '../domain/answer.ts';
import type { Grant, Strategy } from '../domain/grant.ts';
import { present, type RequestedTtls } from '../domain/tokens.ts';
import type * as writes from '../domain/writes.ts';
import { askWithCurrentCredentials } from './apps.ts';
import { type Context, fitsBefore } from './attempt.ts';
import { KeeperError } from './errors.ts';
import { keepSession, withOwner } from './keep-session.ts';
import { type Asked, checkHolds, noTokens, type Obtained } from './new-session.ts';
import { chooseApp } from './put-grant.ts';

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

/** Throws {@link KeeperError}: `invalid-request`, `misconfigured`. The endpoint id is the grant's, so that it stays the same for its app. */
export const prepareConnection = async (
  context: Context,
  grantId: string,
  appName: string | undefined,
): Promise<Preparation> => {
  const before = (await context.store.grants.get(grantId))?.value;
  const { name, server, clientId, pkce = true } = await chooseApp(context, appName ?? before?.app);
  const endpointId = before?.app === name ? before.endpointId : undefined;
  return present({ app: name, server, clientId, pkce, endpointId });
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
): Promise<Obtained['response']> => {
  if (answer.kind === 'refused') {
    throw new KeeperError(
      'authorization-refused',
      `RingCentral does not take this authorization code (${answer.code}): it is used, expired or not for this request. Begin again.`,
    );
  }
  if (answer.kind !== 'rotated') throw await noTokens(context, asked, answer);
  return withOwner(context, asked, answer.response);
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
  const { clock, randomness } = context;
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
  const { value } = await keepSession(context, asked, obtained, before, {
    objection: current => objection(before?.value, current, response.ownerId, authorization),
    connectionOf: current => connectionOf(asked, authorization, obtained, current),
  });
  return value;
};
