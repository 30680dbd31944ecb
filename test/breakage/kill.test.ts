import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harmsOf } from './harms.ts';
import { killAndConclude } from './kill.ts';
import { createRandom, seedFrom } from './random.ts';
import { openTrial, type Trial } from './trial.ts';

const seed = seedFrom(process.env.BREAKAGE_SEED);
const kills = Number(process.env.BREAKAGE_KILLS ?? 200);

describe(`functions that are killed under load (BREAKAGE_SEED=${seed})`, () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(createRandom(seed));
  });
  afterAll(() => trial[Symbol.asyncDispose]());

  it(`${kills} kills cost no grant, no promise and no needless request`, async () => {
    const outcome = await killAndConclude(trial, kills);
    expect(harmsOf(outcome)).toEqual([]);
    expect(outcome.kills.total).toBe(kills);
    // Each is a refresh that the provider had answered when the process that knew of it died.
    expect(outcome.requests.replayed).toBeGreaterThan(0);
  }, 400_000);
});
