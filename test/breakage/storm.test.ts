import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import openapi from '../../functions/api/openapi.json' with { type: 'json' };
import { harmsOf, toldInStorms } from './harms.ts';
import { createRandom, seedFrom } from './random.ts';
import { stormAndConclude, storms } from './storm.ts';
import { openTrial, type Trial } from './trial.ts';

const seed = seedFrom(process.env.BREAKAGE_SEED);
const timeoutMs = 150_000;

describe(`functions whose connections break (BREAKAGE_SEED=${seed})`, () => {
  let trial: Trial;
  beforeAll(async () => {
    trial = await openTrial(createRandom(seed));
  }, timeoutMs);
  afterAll(() => trial[Symbol.asyncDispose]());

  const unharmed = async (weather: keyof typeof storms, ms: number, kills = 0) => {
    const outcome = await stormAndConclude(trial, { weather: storms[weather], ms, kills });
    expect(harmsOf(outcome, toldInStorms)).toEqual([]);
    return outcome;
  };

  it(
    'resets cost nothing',
    async () => {
      const { struck } = await unharmed('resets', 8000);
      expect(struck.store['reset-answer']).toBeGreaterThan(0);
      expect(struck.provider['reset-answer']).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    'truncations cost nothing',
    async () => {
      const { struck } = await unharmed('truncations', 8000);
      expect(struck.store['truncate-answer']).toBeGreaterThan(0);
      expect(struck.provider['truncate-answer']).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    'silence costs nothing',
    async () => {
      const { struck } = await unharmed('stalls', 10_000);
      expect(struck.store['stall-answer']).toBeGreaterThan(0);
    },
    timeoutMs,
  );

  it(
    'slowness costs nothing',
    async () => {
      await unharmed('delays', 5000);
    },
    timeoutMs,
  );

  it(
    'all of it, with processes killed meanwhile, costs nothing',
    async () => {
      const { kills } = await unharmed('all', 15_000, 40);
      expect(kills.total).toBe(40);
    },
    timeoutMs,
  );

  it('answers were lost whose writes had taken effect, and answers that nobody had stored', async () => {
    const { counts: lost } = trial.stage.losses;
    expect(lost.writeAnswers).toBeGreaterThan(0);
    expect(lost.tokenAnswers).toBeGreaterThan(0);
    expect(trial.stage.simulator.provider.stats().counts.replayed).toBeGreaterThan(0);
  });
});

describe('what consumers are told in a storm', () => {
  it('is documented', () => {
    const document = JSON.stringify(openapi.components);
    for (const code of toldInStorms.filter(told => told !== 'ok')) expect(document).toContain(`"${code}"`);
  });
});
