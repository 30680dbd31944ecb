import { describe, expect, it } from 'vitest';
import { createRandom } from '../../simulation/engine/random.ts';
import { createScheduler } from '../../simulation/engine/scheduler.ts';
import { createDueIndex, createItems } from '../../simulation/world/table.ts';
import { createTables } from '../../simulation/world/tables.ts';
import { grantWith } from '../domain/grants.ts';

describe('virtual time', () => {
  it('brings events in the order of their times, and of their arrival where those are equal', async () => {
    const scheduler = createScheduler(100);
    const happened: string[] = [];
    for (const [name, time] of [
      ['c', 300],
      ['a', 200],
      ['b', 200],
      ['late', 50],
      ['never', 401],
    ] as const) {
      scheduler.at(time, () => happened.push(`${name} at ${scheduler.now()}`));
    }
    await scheduler.runUntil(400);
    expect(happened).toEqual(['late at 100', 'a at 200', 'b at 200', 'c at 300']);
    expect([scheduler.now(), scheduler.steps()]).toEqual([400, 4]);
  });

  it('keeps many events in order', async () => {
    const scheduler = createScheduler(0);
    const random = createRandom(1);
    const happened: number[] = [];
    for (let i = 0; i < 500; i += 1) {
      const time = random.between(0, 100);
      scheduler.quietly(time, () => happened.push(time));
    }
    await scheduler.runUntil(100);
    expect(happened).toEqual([...happened].sort((a, b) => a - b));
    expect(happened).toHaveLength(500);
  });

  it('lets all that an event woke run until it waits again, before the next event', async () => {
    const scheduler = createScheduler(0);
    const happened: string[] = [];
    scheduler.at(1, async () => {
      for (let i = 0; i < 50; i += 1) await null;
      happened.push('woken');
    });
    scheduler.at(1, () => happened.push('next'));
    await scheduler.runUntil(1);
    expect(happened).toEqual(['woken', 'next']);
  });
});

describe('randomness', () => {
  it('follows from its keys, each of which counts', () => {
    const draw = (...keys: number[]) => createRandom(...keys).fraction();
    expect(draw(1, 2, 3)).toBe(draw(1, 2, 3));
    const drawn = [draw(1, 2, 3), draw(1, 2, 4), draw(1, 3, 3), draw(2, 2, 3), draw(1, 2), draw(5e12, 2, 3)];
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('is even, as far as a thousand draws tell', () => {
    const random = createRandom(1);
    for (const picked of [0, 1, 2, 3]) {
      const count = Array.from({ length: 1000 }, () => random.pick([0, 1, 2, 3])).filter(
        x => x === picked,
      ).length;
      expect(count).toBeGreaterThan(190);
    }
    const mean = Array.from({ length: 2000 }, () => random.around(100)).reduce((a, b) => a + b, 0) / 2000;
    expect(mean).toBeGreaterThan(85);
    expect(mean).toBeLessThan(115);
  });
});

describe('the table', () => {
  it('takes a write only on the version that stands there, and tells which that is', () => {
    const written: unknown[] = [];
    const items = createItems<string>((before, after) => written.push([before?.value, after.value]));
    expect(items.compareAndSet('a', undefined, { value: 'one', nonce: '1' })).toEqual({ ok: true });
    expect(items.compareAndSet('a', '1', { value: 'two', nonce: '2' })).toEqual({ ok: true });
    const late = items.compareAndSet('a', '1', { value: 'late', nonce: '3' });
    expect(late).toEqual({ ok: false, current: { value: 'two', nonce: '2' } });
    expect(items.compareAndSet('b', '1', { value: 'x', nonce: '4' })).toEqual({
      ok: false,
      current: undefined,
    });
    expect(written).toEqual([
      [undefined, 'one'],
      ['one', 'two'],
    ]);
  });

  it('has an index that lags, and never goes back', () => {
    const updates: (() => void)[] = [];
    const observer = { grantWritten: () => {}, standingWritten: () => {} };
    const { grants, index } = createTables(observer, catchUp => updates.push(catchUp));
    const lanes = Array.from({ length: 16 }, (_, lane) => lane);
    grants.compareAndSet('acme:101', undefined, { value: grantWith({ dueAt: 10 }), nonce: '1' });
    expect(index.earliest(lanes)).toBe(Number.POSITIVE_INFINITY);
    grants.compareAndSet('acme:101', '1', { value: grantWith({ dueAt: 20 }), nonce: '2' });
    updates[1]?.();
    expect(index.earliest(lanes)).toBe(20);
    updates[0]?.();
    expect(index.earliest(lanes)).toBe(20);
  });

  it('gives due entries page by page, the earliest first, the same time by id', () => {
    const index = createDueIndex();
    for (const [id, dueAt] of [
      ['b', 5],
      ['a', 5],
      ['c', 1],
      ['late', 99],
    ] as const)
      index.put(id, 0, dueAt);
    index.put('elsewhere', 1, 1);
    const first = index.query(0, 10, 2);
    expect(first.hints.map(({ grantId }) => grantId)).toEqual(['c', 'a']);
    expect(index.query(0, 10, 2, first.next).hints).toEqual([{ grantId: 'b', dueAt: 5 }]);
    index.put('c', 0, undefined);
    expect(index.earliest([0])).toBe(5);
  });
});
