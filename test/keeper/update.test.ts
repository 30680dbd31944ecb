/** The only way in which the keeper changes a record. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Stored } from '../../functions/domain/grant.ts';
import type { Clock, Records } from '../../functions/keeper/ports.ts';
import { persist, update, updateExisting } from '../../functions/keeper/update.ts';

/** One record, a number. `interfere` runs before each write. */
const createCounter = (value?: number) => {
  let nonce = 0;
  const counter = {
    stored: value === undefined ? undefined : { value, nonce: 'n0' },
    reads: 0,
    writes: 0,
    interfere: () => {},
    set: (next: number) => {
      counter.stored = { value: next, nonce: `n${++nonce}` };
    },
  } as {
    stored: Stored<number> | undefined;
    reads: number;
    writes: number;
    interfere: () => void;
    set: (next: number) => void;
  };
  const records: Records<number> = {
    get: async () => {
      counter.reads += 1;
      return counter.stored;
    },
    write: async (_, previous, next) => {
      counter.writes += 1;
      counter.interfere();
      if (counter.stored?.nonce !== previous?.nonce) return { ok: false, current: counter.stored };
      counter.set(next);
      return { ok: true, stored: counter.stored as Stored<number> };
    },
  };
  return { counter, records };
};

describe('a change of a record', () => {
  it('decides on what is stored, and says what it has become', async () => {
    const { counter, records } = createCounter(7);
    const updated = await update(records, 'id', (current = 0) => current + 1);
    expect(updated).toEqual({ written: true, stored: { value: 8, nonce: 'n1' } });
    expect(counter.stored).toEqual(updated.stored);
  });

  it('creates what is not there', async () => {
    const { records } = createCounter();
    expect(await update(records, 'id', (current = 40) => current + 2)).toMatchObject({
      written: true,
      stored: { value: 42 },
    });
  });

  it('that presumes an existing record creates none, and is not even asked', async () => {
    const { counter, records } = createCounter();
    expect(await updateExisting(records, 'id', current => current + 1)).toEqual({
      written: false,
      stored: undefined,
    });
    expect(counter.writes).toBe(0);
  });

  it('writes nothing where the decision is to write nothing, and says what it was made on', async () => {
    const { counter, records } = createCounter(7);
    expect(await update(records, 'id', () => undefined)).toEqual({
      written: false,
      stored: { value: 7, nonce: 'n0' },
    });
    expect(counter.writes).toBe(0);
  });

  it('begins with what the caller has just read, and does not read it again', async () => {
    const { counter, records } = createCounter(7);
    expect(await update(records, 'id', (n = 0) => n + 1, counter.stored)).toMatchObject({ written: true });
    expect(counter.reads).toBe(0);
  });

  it('decides again on what somebody else has written in between', async () => {
    const { counter, records } = createCounter(1);
    counter.interfere = () => {
      counter.interfere = () => {};
      counter.set(100);
    };
    expect(await update(records, 'id', (n = 0) => n + 1)).toMatchObject({ stored: { value: 101 } });
    expect(counter.writes).toBe(2);
  });

  it('gives up after 25 conflicts in a row: something is wrong then', async () => {
    const { counter, records } = createCounter(1);
    counter.interfere = () => counter.set(counter.writes);
    await expect(update(records, 'id', (n = 0) => n + 1)).rejects.toThrow(
      'gave up on a record after 25 conflicting writes',
    );
    expect(counter.writes).toBe(25);
  });
});

describe('what must not be lost', () => {
  let now: number;
  let pauses: number[];
  const clock: Clock = {
    now: () => now,
    sleep: async ms => {
      pauses.push(ms);
      now += ms;
    },
  };
  beforeEach(() => {
    now = 0;
    pauses = [];
  });
  const failing = (times: number) => async () => {
    if (times-- > 0) throw new Error(`${times} more`);
    return 'done';
  };

  it('is tried again after every error, less and less often', async () => {
    expect(await persist(failing(8), 60_000, clock)).toBe('done');
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
  });

  it('is not tried again where the next try would come at the deadline or after it', async () => {
    await expect(persist(failing(9), 150, clock)).rejects.toThrow('7 more');
    expect(pauses).toEqual([50]);
    now = 0;
    pauses = [];
    await expect(persist(failing(9), 151, clock)).rejects.toThrow('6 more');
    expect(pauses).toEqual([50, 100]);
  });
});
