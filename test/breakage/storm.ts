/** `node test/breakage/storm.ts [--kind all] [--ms 15000] [--kills 0] [--seed 7]`: storms on every connection, and what is left of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { harmsOf, toldInStorms } from './harms.ts';
import { createRandom, seedFrom } from './random.ts';
import { type Outcome, openTrial, type Trial } from './trial.ts';
import { calm, type Weather } from './weather.ts';

const longestDelayMs = 300;

/** A client of the AWS SDK waits two seconds for what has stalled, so that it may not happen all the time. */
export const storms = {
  resets: { ...calm, reset: 0.15 },
  truncations: { ...calm, truncate: 0.15 },
  stalls: { ...calm, stall: 0.04 },
  delays: { ...calm, delay: 0.9, longestDelayMs },
  all: { reset: 0.05, truncate: 0.05, stall: 0.02, delay: 0.5, longestDelayMs },
} as const satisfies Record<string, Weather>;

const worse = ({ reset, truncate, stall, ...rest }: Weather): Weather => ({
  reset: 2 * reset,
  truncate: 2 * truncate,
  stall: 3 * stall,
  ...rest,
});

const pausesMs = { shortest: 10, longest: 600 };

export const stormAndConclude = async (
  { stage, killer, conclude }: Trial,
  { weather, ms, kills = 0 }: { readonly weather: Weather; readonly ms: number; readonly kills?: number },
): Promise<Outcome> => {
  const { store, provider, aws } = stage.proxies;
  store.setWeather(weather);
  // They are asked far less often.
  for (const proxy of [provider, aws]) proxy.setWeather(worse(weather));
  await Promise.all([sleep(ms), killer.kill(kills, pausesMs)]);
  return conclude();
};

if (import.meta.main) {
  const options = {
    kind: { type: 'string', default: 'all' },
    ms: { type: 'string', default: '15000' },
    kills: { type: 'string', default: '0' },
    seed: { type: 'string' },
  } as const;
  const { values } = parseArgs({ options });
  const seed = seedFrom(values.seed);
  const startedAt = Date.now();
  await using trial = await openTrial(createRandom(seed));
  const weather = storms[values.kind as keyof typeof storms];
  const outcome = await stormAndConclude(trial, {
    weather,
    ms: Number(values.ms),
    kills: Number(values.kills),
  });
  const harms = harmsOf(outcome, toldInStorms);
  console.dir(
    { seed, tookMs: Date.now() - startedAt, ...outcome, harms },
    { depth: 4, maxStringLength: 400 },
  );
  process.exitCode = harms.length > 0 ? 1 : 0;
}
