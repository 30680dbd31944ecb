/** The simulated store and the embedded DynamoDB, side by side: the same operations give the same answers. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../adapters/database.ts';
import { describeGrantStore } from '../adapters/grant-store.contract.ts';
import { createQuietStore } from './quiet-store.ts';
import { sequences } from './store-steps.ts';
import { trace } from './store-trace.ts';

describeGrantStore('the simulated grant store', () => createQuietStore({ allOld: true }));
describeGrantStore('the simulated grant store without ALL_OLD', () => createQuietStore({ allOld: false }));

/** Each must have been met by some sequence: otherwise nothing was compared. */
const mustBeMet = [
  ...[
    'current: lands',
    'current: misses',
    'stale: misses',
    'absent: lands',
    'absent: misses',
    'foreign: misses',
  ],
  ...['get', 'due', 'list', 'postpone: right hint', 'postpone: wrong hint'],
];

describe('any sequence of operations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.close());

  it('gives the same answers as DynamoDB, with and without ALL_OLD', async () => {
    const met = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(sequences, async steps => {
        const real = await trace((await database.table()).store, steps);
        for (const allOld of [true, false]) {
          expect(await trace(createQuietStore({ allOld }), steps)).toStrictEqual(real);
        }
        for (const { kind } of real) met.set(kind, (met.get(kind) ?? 0) + 1);
      }),
      { numRuns: 50 },
    );
    expect([...met.keys()]).toEqual(expect.arrayContaining(mustBeMet));
  });
});
