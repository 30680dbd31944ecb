/** A table with DynamoDB's semantics: single items, linearizable conditional writes, and an index that lags behind them. */
import type { Stored } from '../../functions/domain/grant.ts';
import type { DueHint } from '../../functions/keeper/ports.ts';

export type Version<T> = Stored<T> | undefined;

/** What a conditional write did. On a failed condition `current` is what stands there (`ALL_OLD`). */
export type Landed<T> = { readonly ok: true } | { readonly ok: false; readonly current: Version<T> };

export type Items<T> = {
  get(id: string): Version<T>;
  compareAndSet(id: string, expected: string | undefined, next: Stored<T>): Landed<T>;
  all(): IterableIterator<Stored<T>>;
};

/** `onWrite` is told of every write that lands, with what it replaced. */
export const createItems = <T>(
  onWrite: (before: Version<T>, after: Stored<T>, id: string) => void,
): Items<T> => {
  const items = new Map<string, Stored<T>>();
  return {
    get: id => items.get(id),
    all: () => items.values(),
    compareAndSet: (id, expected, next) => {
      const current = items.get(id);
      if (current?.nonce !== expected) return { ok: false, current };
      items.set(id, next);
      onWrite(current, next, id);
      return { ok: true };
    },
  };
};

export type DueIndex = {
  /** The entry as it is to be, once the index has caught up; undefined: none. */
  put(grantId: string, lane: number, dueAt: number | undefined): void;
  query(lane: number, now: number, limit: number, after?: DueHint): { hints: DueHint[]; next?: DueHint };
  /** The earliest entry of these lanes. */
  earliest(lanes: readonly number[]): number;
};

type Entry = DueHint & { readonly lane: number };

const inOrder = (a: DueHint, b: DueHint): number =>
  a.dueAt - b.dueAt || (a.grantId < b.grantId ? -1 : a.grantId > b.grantId ? 1 : 0);

export const createDueIndex = (): DueIndex => {
  const entries = new Map<string, Entry>();
  return {
    put: (grantId, lane, dueAt) => {
      if (dueAt === undefined) entries.delete(grantId);
      else entries.set(grantId, { grantId, lane, dueAt });
    },
    query: (lane, now, limit, after) => {
      const found = [...entries.values()]
        .filter(entry => entry.lane === lane && entry.dueAt <= now)
        .map(({ grantId, dueAt }) => ({ grantId, dueAt }))
        .filter(hint => after === undefined || inOrder(after, hint) < 0)
        .sort(inOrder);
      const hints = found.slice(0, limit);
      const last = hints.at(-1);
      return found.length > limit && last !== undefined ? { hints, next: last } : { hints };
    },
    earliest: lanes => {
      let earliest = Number.POSITIVE_INFINITY;
      for (const { lane, dueAt } of entries.values()) {
        if (dueAt < earliest && lanes.includes(lane)) earliest = dueAt;
      }
      return earliest;
    },
  };
};
