/**
 * A provider's memory as JSON, so that it survives a restart: sessions, secrets, disabled users, penalties and counts.
 * Not in it: authorization codes (they live a minute), the log, and requests in flight, whose answers are lost with the process.
 * It holds live tokens and secrets: whoever stores it keeps it private.
 */

import { type Counts, zeroCounts } from './ledger.ts';
import { type Bucket, isIdle } from './rate-limit.ts';
import type { Session } from './session.ts';
import { addSession } from './session-store.ts';
import type { State } from './state.ts';

export type Snapshot = {
  readonly version: 1;
  readonly sessions: readonly Session[];
  /** By client id. Of confidential apps only. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  readonly disabledUsers: readonly string[];
  readonly buckets: Readonly<Record<string, Bucket>>;
  readonly counts: Counts;
};

/** A copy: later changes of the provider do not show in it. */
export const takeSnapshot = (state: State): Snapshot =>
  structuredClone({
    version: 1,
    sessions: [...state.sessions.byId.values()],
    clientSecrets: Object.fromEntries(
      [...state.apps.values()].flatMap(({ clientId, clientSecret }) =>
        clientSecret === undefined ? [] : [[clientId, clientSecret]],
      ),
    ),
    disabledUsers: [...state.disabledUsers],
    buckets: Object.fromEntries(
      [...state.buckets].filter(([, bucket]) => !isIdle(bucket, state.rules, state.clock())),
    ),
    counts: state.ledger.counts,
  });

/** Into a provider that has just been created. Apps and users come from its options; sessions of others are kept, unused. */
export const restoreSnapshot = (state: State, snapshot: Snapshot): void => {
  if (snapshot.version !== 1) throw new RangeError(`unknown snapshot version: ${snapshot.version}`);
  const copy = structuredClone(snapshot);
  const now = state.clock();
  for (const session of copy.sessions) addSession(state.sessions, session, now);
  for (const [clientId, clientSecret] of Object.entries(copy.clientSecrets)) {
    const app = state.apps.get(clientId);
    if (app?.clientSecret !== undefined) state.apps.set(clientId, { ...app, clientSecret });
  }
  for (const ownerId of copy.disabledUsers) state.disabledUsers.add(ownerId);
  for (const [key, bucket] of Object.entries(copy.buckets)) state.buckets.set(key, bucket);
  Object.assign(state.ledger.counts, { ...zeroCounts(), ...copy.counts });
};
