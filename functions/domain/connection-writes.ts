/** Writes of a connection: how tokens come in. */
import {
  type Announcement,
  attemptIsLive,
  canBeSameSession,
  type Grant,
  type RetiredToken,
  type SessionIdentity,
  type Tokens,
} from './grant.ts';
import { isDistant } from './mint.ts';
import { bounded, replaced } from './retired.ts';
import { present, type RequestedTtls, schedule, type TokenResponse, toTokens } from './tokens.ts';
import { isHeld, type Moment, without, written } from './write.ts';

/** What a new connection brings. */
export type Connection = Pick<
  Grant,
  | 'grantId'
  | 'connectionId'
  | 'strategy'
  | 'app'
  | 'server'
  | 'clientId'
  | 'ownerId'
  | 'label'
  | 'importHash'
  | 'startedBy'
  | 'credential'
  | 'mintedAt'
> &
  RequestedTtls & { readonly response: TokenResponse; readonly obtainedAt: number };

const identityOf = ({ app, ownerId, startedBy, response }: Connection): SessionIdentity =>
  present({ app, ownerId, startedBy, endpointId: response.endpointId, sessionId: response.sessionId });

/** Of what was retired before, all that cannot be the session that is connected now. */
const stillRetired = (grant: Grant | undefined, connection: Connection): readonly RetiredToken[] =>
  (grant?.retired ?? []).filter(entry => !canBeSameSession(entry, identityOf(connection)));

/**
 * Whether a refresh of what the grant lived by until now may have ended this response's access token, since only one is active per user
 * and app: one that is under way, or one that came after the response was obtained.
 */
const mayBeSuperseded = (
  previous: Grant | undefined,
  { app, ownerId, obtainedAt }: Connection,
  { now, settings }: Moment,
): boolean =>
  previous?.app === app &&
  previous.ownerId === ownerId &&
  (previous.sent !== undefined ||
    attemptIsLive(previous, now) ||
    previous.rotatedAt + settings.maxClockSkewMs >= obtainedAt);

/**
 * The promise of a new connection's tokens. Those that may be dead, or whose life is short since they were minted, are refreshed before
 * anybody is served, once the attempt is over.
 */
const firstSchedule = (
  previous: Grant | undefined,
  connection: Connection,
  tokens: Tokens,
  jitter: number,
  moment: Moment,
): Partial<Grant> => {
  const { now, settings } = moment;
  const isShort = connection.credential !== undefined;
  if (tokens.refreshToken === undefined || !(isShort || mayBeSuperseded(previous, connection, moment))) {
    return present(schedule(tokens, connection.obtainedAt, connection, jitter, settings));
  }
  const underWay = previous !== undefined && attemptIsLive(previous, now) && previous.attempt;
  return { cacheUntil: 0, refreshAt: now, ...(underWay && { attempt: underWay }) };
};

/** Starts a connection on a new grant, or on an existing one as read before its code or response was obtained. */
export const connect = (
  previous: Grant | undefined,
  connection: Connection,
  jitter: number,
  moment: Moment,
): Grant => {
  const { response, obtainedAt, ...fields } = connection;
  const tokens = toTokens(response, obtainedAt, undefined, moment.settings);
  const connected = {
    ...fields,
    ...present({ endpointId: response.endpointId, sessionId: response.sessionId }),
    ...present({ holdUntil: previous?.holdUntil, label: connection.label ?? previous?.label }),
    ...(previous?.state === 'reauthorize' && { announcement: 'Grant Recovered' as Announcement }),
    state: 'active' as const,
    generation: (previous?.generation ?? 0) + 1,
    tokens,
    ...firstSchedule(previous, connection, tokens, jitter, moment),
    failures: 0,
    retired: bounded(
      [...stillRetired(previous, connection), ...replaced(previous, identityOf(connection), moment.settings)],
      moment.now,
    ),
    claimed: false,
    connectedAt: moment.now,
    rotatedAt: moment.now,
    updatedAt: moment.now,
  };
  return written(connected as Grant, moment);
};

/**
 * Notes on the record, before it leaves, a mint for a new connection: it keeps its distance like the grant's own, and they from it.
 * Undefined: it comes too soon after another, or in a hold that was recorded a moment ago.
 */
export const noteMint = (grant: Grant, ttls: RequestedTtls, { now, settings }: Moment): Grant | undefined =>
  !isHeld(grant, now) && isDistant(grant.mintedAt, ttls, now, settings)
    ? { ...grant, mintedAt: now, updatedAt: now }
    : undefined;

/** Takes that back: nothing can have been minted. */
export const forgetMint = (grant: Grant, mintedAt: number, moment: Moment): Grant | undefined =>
  grant.mintedAt === mintedAt ? written(without(grant, 'mintedAt'), moment) : undefined;

/** The claim on the owner was confirmed after this connection was written: it may be served. */
export const confirmClaim = (grant: Grant, connectionId: string, moment: Moment): Grant | undefined =>
  grant.connectionId === connectionId && !grant.claimed
    ? written({ ...grant, claimed: true }, moment)
    : undefined;
