/** The simulated grant store in a world where nothing goes wrong and nothing takes time. */
import type { GrantStore, Records } from '../../functions/keeper/ports.ts';
import { createScheduler } from '../../simulation/engine/scheduler.ts';
import { createStore } from '../../simulation/world/store.ts';
import { createTables } from '../../simulation/world/tables.ts';
import type { Worker } from '../../simulation/world/worker.ts';

export const createQuietStore = ({ allOld }: { readonly allOld: boolean }): GrantStore => {
  const scheduler = createScheduler(0);
  const tables = createTables({ grantWritten: () => {}, standingWritten: () => {} }, catchUp => catchUp());
  const worker: Worker = {
    name: 'worker',
    clockOffsetMs: 0,
    alive: true,
    frozenUntil: 0,
    operation: undefined,
  };
  let nonces = 0;
  const store = createStore(
    { scheduler, latencyMs: 0, meet: () => undefined },
    worker,
    tables,
    { allOld, duePageSize: 100 },
    { writing: () => {}, grantSeen: () => {}, writeMissed: () => {} },
    () => `nonce-${++nonces}`,
  );
  /** Lets happen what a call has set going. */
  const driven = async <R>(call: Promise<R>): Promise<R> => {
    await scheduler.runUntil(scheduler.now() + 1);
    return call;
  };
  const records = <T>({ get, write }: Records<T>): Records<T> => ({
    get: id => driven(get(id)),
    write: (id, previous, next) => driven(write(id, previous, next)),
  });
  return {
    grants: records(store.grants),
    claims: records(store.claims),
    standings: records(store.standings),
    due: (lane, now, after) => driven(store.due(lane, now, after)),
    list: store.list,
    postpone: (hint, dueAt) => driven(store.postpone(hint, dueAt)),
  };
};
