/** A request to the token or revoke endpoint as it arrives: whose it is, and what was known at that moment. */

import type { App } from './config.ts';
import { claimedCredentials, type Params, parseForm } from './credentials.ts';
import { grantTypeOf } from './issue.ts';
import { addEntry, type LogEntry } from './ledger.ts';
import { type Bucket, isIdle } from './rate-limit.ts';
import type { Session, SpentToken } from './session.ts';
import { findToken } from './session-store.ts';
import type { State } from './state.ts';

export type AuthRequest = {
  readonly endpoint: 'token' | 'revoke';
  readonly authorization?: string;
  readonly contentType?: string;
  readonly body: string;
};

/** What was known when the request arrived: it is judged by that, not by what happened while it waited. */
export type Arrival = {
  readonly request: AuthRequest;
  readonly params: Params | undefined;
  readonly app: App | undefined;
  readonly bucket: Bucket | undefined;
  readonly entry: LogEntry;
  /** The session whose refresh token, live or spent, is presented. */
  readonly session: Session | undefined;
  readonly spentDelivered: boolean;
  readonly refusedBefore: boolean;
  readonly concurrent: boolean;
};

/** The presented refresh token's own record, if it has been spent by now. */
export const spentToken = ({
  session,
  params,
}: Pick<Arrival, 'session' | 'params'>): SpentToken | undefined =>
  session?.spent.find(({ token }) => token === params?.refresh_token);

const maxBuckets = 50_000;

const makeRoom = (state: State): void => {
  if (state.buckets.size < maxBuckets) return;
  const now = state.clock();
  for (const [key, bucket] of state.buckets) if (isIdle(bucket, state.rules, now)) state.buckets.delete(key);
  const oldest = state.buckets.keys().next().value;
  if (state.buckets.size >= maxBuckets && oldest !== undefined) state.buckets.delete(oldest);
};

/** With the limit off there is a bucket all the same: a fault may start a penalty in it. */
const bucketFor = (state: State, app: App, ownerId: string | undefined): Bucket => {
  const { rateLimitScope } = state.rules;
  const key = JSON.stringify(rateLimitScope === 'app' ? [app.clientId] : [app.clientId, ownerId ?? null]);
  const known = state.buckets.get(key);
  if (known !== undefined) return known;
  makeRoom(state);
  const bucket: Bucket = { requestedAt: [] };
  state.buckets.set(key, bucket);
  return bucket;
};

const ownerOf = (state: State, params: Params): string | undefined => {
  const token = params.refresh_token ?? params.token;
  if (token !== undefined) return findToken(state.sessions, token)?.session.ownerId;
  if (params.code !== undefined) return state.codes.get(params.code)?.ownerId;
  return state.jwtCredentials.get(params.assertion ?? '');
};

const presentedSession = (state: State, app: App | undefined, params: Params): Session | undefined => {
  if (params.grant_type !== 'refresh_token') return undefined;
  const found = findToken(state.sessions, params.refresh_token ?? '');
  const isRefresh = found?.kind === 'refresh' || found?.kind === 'spent-refresh';
  return isRefresh && found.session.clientId === app?.clientId ? found.session : undefined;
};

/** Looks, logs, and changes nothing else. */
export const look = (state: State, request: AuthRequest): Arrival => {
  const at = state.clock();
  const params = parseForm(request.contentType, request.body);
  const app = state.apps.get(claimedCredentials(request.authorization, params ?? {})?.clientId ?? '');
  const ownerId = params && ownerOf(state, params);
  const session = request.endpoint === 'token' ? presentedSession(state, app, params ?? {}) : undefined;
  const grantType = grantTypeOf(params?.grant_type ?? '');
  const entry = addEntry(state.ledger, {
    at,
    endpoint: request.endpoint,
    ...(grantType === undefined ? {} : { grantType }),
    ...(app === undefined ? {} : { clientId: app.clientId }),
    ...(ownerId === undefined ? {} : { ownerId }),
    ...(session === undefined ? {} : { sessionId: session.id }),
  });
  const arrival = {
    request,
    params,
    app,
    bucket: app && bucketFor(state, app, ownerId),
    entry,
    session,
    refusedBefore: session?.refused === true,
    concurrent: session !== undefined && (state.inFlight.get(session.id) ?? 0) > 0,
  };
  return { ...arrival, spentDelivered: spentToken(arrival)?.delivered === true };
};
