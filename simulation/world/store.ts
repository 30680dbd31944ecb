/** The grant store of one worker: the real port over the tables, where each request can meet with anything. */

import { writtenAfterConflict } from '../../functions/adapters/conflict.ts';
import type { Grant, GrantSummary, Stored } from '../../functions/domain/grant.ts';
import type { DueHint, GrantStore, Records } from '../../functions/keeper/ports.ts';
import type { Items, Landed, Version } from './table.ts';
import type { Tables } from './tables.ts';
import { type Surroundings, type Worker, wait } from './worker.ts';
import { nameOfWrite } from './write-name.ts';

export type StoreOptions = {
  /** Whether a failed condition tells what stands there. */
  readonly allOld: boolean;
  readonly duePageSize: number;
};

/** Told of what a worker sees of a grant, at the moment when it is true. */
export type StoreObserver = {
  /** Told before a write lands, if it does. */
  writing(worker: Worker): void;
  grantSeen(worker: Worker, grantId: string, stored: Version<Grant>): void;
  writeMissed(worker: Worker, grantId: string, name: string): void;
};

type RecordsOf<T> = {
  readonly kind: string;
  readonly items: Items<T>;
  readonly nameOf: (before: T | undefined, after: T) => string;
  readonly seen: (id: string, version: Version<T>) => void;
  readonly missed: (id: string, name: string) => void;
  readonly writing: () => void;
};

const createRecords = <T>(
  around: Surroundings,
  worker: Worker,
  { kind, items, nameOf, seen, missed, writing }: RecordsOf<T>,
  { allOld }: StoreOptions,
  newNonce: () => string,
): Records<T> => {
  const read = (id: string, name: string): Promise<Version<T>> =>
    wait(around, worker, { at: 'read', name }, () => {
      const version = items.get(id);
      seen(id, version);
      return version;
    });
  return {
    get: id => read(id, `read ${kind}`),
    write: async (id, previous, next) => {
      const stored: Stored<T> = { value: next, nonce: newNonce() };
      const name = nameOf(previous?.value, next);
      const landed = await wait(around, worker, { at: 'write', name: `${kind}: ${name}` }, (): Landed<T> => {
        writing();
        const result = items.compareAndSet(id, previous?.nonce, stored);
        if (result.ok) seen(id, stored);
        else if (allOld) seen(id, result.current);
        if (!result.ok && result.current?.nonce !== stored.nonce) missed(id, name);
        return result;
      });
      if (landed.ok) return { ok: true, stored };
      const current = allOld ? landed.current : await read(id, `read ${kind} after a conflict`);
      return writtenAfterConflict(stored.nonce, current);
    },
  };
};

export const createStore = (
  around: Surroundings,
  worker: Worker,
  tables: Tables,
  options: StoreOptions,
  observer: StoreObserver,
  newNonce: () => string,
): GrantStore => {
  const unseen = (): void => {};
  const writing = (): void => observer.writing(worker);
  return {
    grants: createRecords(
      around,
      worker,
      {
        kind: 'grant',
        items: tables.grants,
        nameOf: nameOfWrite,
        seen: (id, version) => observer.grantSeen(worker, id, version),
        missed: (id, name) => observer.writeMissed(worker, id, name),
        writing,
      },
      options,
      newNonce,
    ),
    claims: createRecords(
      around,
      worker,
      { kind: 'claim', items: tables.claims, nameOf: () => 'write', seen: unseen, missed: unseen, writing },
      options,
      newNonce,
    ),
    standings: createRecords(
      around,
      worker,
      {
        kind: 'standing',
        items: tables.standings,
        nameOf: () => 'write',
        seen: unseen,
        missed: unseen,
        writing,
      },
      options,
      newNonce,
    ),
    due: (lane, now, after) =>
      wait(around, worker, { at: 'read', name: 'query due' }, () =>
        tables.index.query(lane, now, options.duePageSize, after),
      ),
    list: async (state, limit, after = '') => {
      const found = [...tables.grants.all()]
        .map(({ value }) => value)
        .filter(grant => grant.state === state && grant.grantId > after)
        .sort((a, b) => (a.grantId < b.grantId ? -1 : 1));
      const grants = found.slice(0, limit).map(summaryOf);
      const last = grants.at(-1);
      return found.length >= limit && last !== undefined ? { grants, next: last.grantId } : { grants };
    },
    postpone: (hint, dueAt) =>
      wait(around, worker, { at: 'write', name: 'grant: postpone' }, () => {
        writing();
        postpone(tables, hint, dueAt, newNonce());
      }),
  };
};

const postpone = (
  { grants }: Tables,
  { grantId, dueAt: seen }: DueHint,
  dueAt: number,
  nonce: string,
): void => {
  const stored = grants.get(grantId);
  if (stored?.value.dueAt !== seen) return;
  grants.compareAndSet(grantId, stored.nonce, { value: { ...stored.value, dueAt }, nonce });
};

const summaryOf = ({ tokens, retired: _, ...rest }: Grant): GrantSummary => {
  if (tokens === undefined) return rest;
  const { accessToken: _access, refreshToken: _refresh, ...expiries } = tokens;
  return { ...rest, tokens: expiries };
};
