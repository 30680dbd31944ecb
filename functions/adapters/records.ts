/** The stored form of each record: flat attributes, so that IAM and projections can tell secrets from the rest. */
import * as v from 'valibot';
import type { AppStanding } from '../domain/app.ts';
import type { Claim } from '../domain/claim.ts';
import {
  type Announcement,
  type Grant,
  type GrantSummary,
  grantIdPattern,
  grantStates,
  type RetiredToken,
  strategies,
  type Tokens,
} from '../domain/grant.ts';
import { laneOf } from '../domain/lane.ts';
import { present } from '../domain/tokens.ts';
import type { Attributes } from './expressions.ts';
import type { Codec } from './items.ts';
import { table } from './table.ts';

/** Raised when a change of the stored form is one that older code must not touch. */
const schemaVersion = 1;

/** The largest time that a date can show, in milliseconds. */
const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1));
const optional = v.exactOptional;

const identity = {
  app: text,
  server: text,
  clientId: text,
  ownerId: text,
  endpointId: optional(text),
  sessionId: optional(text),
  startedBy: optional(text),
};

const retiredSchema = v.object({
  ...identity,
  token: text,
  expiresAt: time,
  maybeSpent: optional(v.literal(true)),
  failures: optional(count),
  retryAt: optional(time),
});

const announcements: readonly Announcement[] = [
  'Grant Needs Reauthorization',
  'Grant Recovered',
  'Grant Revoked',
];

const summaryEntries = {
  ...identity,
  schemaVersion: v.literal(schemaVersion),
  grantId: v.pipe(v.string(), v.regex(grantIdPattern)),
  state: v.picklist(grantStates),
  strategy: v.picklist(strategies),
  connectionId: text,
  credential: optional(text),
  mustMint: optional(v.literal(true)),
  mintedAt: optional(time),
  accessTokenTtlSeconds: optional(count),
  refreshTokenTtlSeconds: optional(count),
  generation: count,
  label: optional(v.string()),
  tokenType: optional(text),
  scope: optional(text),
  accessExpiresAt: optional(time),
  accessLifetimeMs: optional(time),
  refreshExpiresAt: optional(time),
  cacheUntil: v.pipe(v.number(), v.safeInteger(), v.maxValue(8.64e15)),
  refreshAt: optional(time),
  dueAt: optional(time),
  attemptId: optional(text),
  attemptEndsAt: optional(time),
  sentAt: optional(time),
  sentBy: optional(text),
  holdUntil: optional(time),
  failures: count,
  refusalCode: optional(text),
  refusedAt: optional(time),
  lastErrorCode: optional(v.string()),
  lastErrorAt: optional(time),
  condemnedAt: optional(time),
  absolvedAt: optional(time),
  announcement: optional(v.picklist(announcements)),
  reportsSince: optional(time),
  reportsCount: optional(count),
  importHash: optional(text),
  claimed: v.boolean(),
  connectedAt: time,
  rotatedAt: time,
  updatedAt: time,
  deleteAtSeconds: optional(v.pipe(time, v.maxValue(8.64e12))),
};

const summarySchema = v.object(summaryEntries);
const grantSchema = v.object({
  ...summaryEntries,
  accessToken: optional(text),
  refreshToken: optional(text),
  retired: v.array(retiredSchema),
});

type StoredSummary = v.InferOutput<typeof summarySchema>;
type StoredGrant = v.InferOutput<typeof grantSchema>;

/** The names of all attributes of a grant that are no secret: what a listing reads. */
export const summaryAttributes: readonly string[] = [table.partitionKey, ...Object.keys(summaryEntries)];

const both = <A, B, T>(a: A | undefined, b: B | undefined, make: (a: A, b: B) => T): T | undefined =>
  a === undefined || b === undefined ? undefined : make(a, b);

const decodeSummaryOf = (stored: StoredSummary): GrantSummary =>
  present({
    grantId: stored.grantId,
    state: stored.state,
    strategy: stored.strategy,
    connectionId: stored.connectionId,
    generation: stored.generation,
    app: stored.app,
    server: stored.server,
    clientId: stored.clientId,
    ownerId: stored.ownerId,
    endpointId: stored.endpointId,
    sessionId: stored.sessionId,
    startedBy: stored.startedBy,
    credential: stored.credential,
    mustMint: stored.mustMint,
    mintedAt: stored.mintedAt,
    accessTokenTtlSeconds: stored.accessTokenTtlSeconds,
    refreshTokenTtlSeconds: stored.refreshTokenTtlSeconds,
    label: stored.label,
    tokens: both(stored.accessExpiresAt, stored.accessLifetimeMs, (accessExpiresAt, accessLifetimeMs) =>
      present({
        tokenType: stored.tokenType ?? 'bearer',
        scope: stored.scope,
        accessExpiresAt,
        accessLifetimeMs,
        refreshExpiresAt: stored.refreshExpiresAt,
      }),
    ),
    cacheUntil: stored.cacheUntil,
    refreshAt: stored.refreshAt,
    dueAt: stored.dueAt,
    attempt: both(stored.attemptId, stored.attemptEndsAt, (id, endsAt) => ({ id, endsAt })),
    sent: both(stored.sentAt, stored.sentBy, (at, by) => ({ at, by })),
    holdUntil: stored.holdUntil,
    failures: stored.failures,
    refusal: both(stored.refusalCode, stored.refusedAt, (code, at) => ({ code, at })),
    lastError: both(stored.lastErrorCode, stored.lastErrorAt, (code, at) => ({ code, at })),
    condemnedAt: stored.condemnedAt,
    absolvedAt: stored.absolvedAt,
    announcement: stored.announcement,
    reports: both(stored.reportsSince, stored.reportsCount, (since, reported) => ({
      since,
      count: reported,
    })),
    importHash: stored.importHash,
    claimed: stored.claimed,
    connectedAt: stored.connectedAt,
    rotatedAt: stored.rotatedAt,
    updatedAt: stored.updatedAt,
    deleteAt: stored.deleteAtSeconds === undefined ? undefined : stored.deleteAtSeconds * 1000,
  }) as GrantSummary;

const grantKeyPrefix = 'grant#';

/** A record that was copied to another key would be written to where it says that it belongs: over the grant it was copied from. */
const checkPlace = (attributes: Attributes, { grantId }: StoredSummary): void => {
  const key = attributes[table.partitionKey] ?? grantKeyPrefix + grantId;
  if (key !== grantKeyPrefix + grantId) throw new Error('the record of another grant');
};

export const decodeSummary = (attributes: Attributes): GrantSummary => {
  const stored: StoredSummary = v.parse(summarySchema, attributes);
  checkPlace(attributes, stored);
  return decodeSummaryOf(stored);
};

const decodeGrant = (attributes: Attributes): Grant => {
  const stored: StoredGrant = v.parse(grantSchema, attributes);
  checkPlace(attributes, stored);
  const grant = grantOf(stored);
  // Half of what belongs together would be taken for nothing, and stay there unseen whatever is written.
  const encoded = encodeGrant(grant);
  if (Object.keys(stored).some(name => encoded[name] === undefined)) throw new Error('half of a pair');
  return grant;
};

const grantOf = (stored: StoredGrant): Grant => {
  const { tokens, ...summary } = decodeSummaryOf(stored);
  const { accessToken, refreshToken } = stored;
  if ((accessToken === undefined) !== (tokens === undefined)) throw new Error('half a token set');
  return present({
    ...summary,
    tokens: both(tokens, accessToken, (rest, access) =>
      present({ ...rest, accessToken: access, refreshToken }),
    ),
    retired: stored.retired as RetiredToken[],
  }) as Grant;
};

const encodeGrant = (grant: Grant): Attributes => {
  const { tokens, attempt, sent, refusal, lastError, reports, deleteAt, retired, ...rest } = grant;
  return {
    ...rest,
    ...(tokens satisfies Tokens | undefined),
    schemaVersion,
    lane: laneOf(grant.grantId),
    retired,
    attemptId: attempt?.id,
    attemptEndsAt: attempt?.endsAt,
    sentAt: sent?.at,
    sentBy: sent?.by,
    refusalCode: refusal?.code,
    refusedAt: refusal?.at,
    lastErrorCode: lastError?.code,
    lastErrorAt: lastError?.at,
    reportsSince: reports?.since,
    reportsCount: reports?.count,
    deleteAtSeconds: deleteAt === undefined ? undefined : deleteAt / 1000,
  };
};

export const grantCodec: Codec<Grant> = {
  keyPrefix: grantKeyPrefix,
  encode: encodeGrant,
  decode: decodeGrant,
};

const claimSchema = v.object({ app: text, ownerId: text, grantId: text });

export const claimCodec: Codec<Claim> = {
  keyPrefix: 'owner#',
  encode: claim => claim,
  decode: attributes => v.parse(claimSchema, attributes),
};

const standingSchema = v.object({
  name: text,
  holdUntil: optional(time),
  holdReason: optional(v.string()),
  probeUntil: optional(time),
  succeededAt: optional(time),
  failures: count,
  refused: v.array(text),
});

export const standingCodec: Codec<AppStanding> = {
  keyPrefix: 'app#',
  encode: standing => standing,
  decode: attributes => v.parse(standingSchema, attributes) as AppStanding,
};
