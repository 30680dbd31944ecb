/** `node test/breakage/kill.ts [--kills 200] [--seed 7]`: kills processes of the functions under load, and prints what is left of it. */
import { parseArgs } from 'node:util';
import { harmsOf } from './harms.ts';
import { createRandom, seedFrom } from './random.ts';
import { type Outcome, openTrial, type Trial } from './trial.ts';
import { calm } from './weather.ts';

/** Nothing is lost on the way, but everything takes a while: that is when a process can die at a bad moment. */
const slowStore = { ...calm, delay: 0.5, longestDelayMs: 100 };
const slowProvider = { ...calm, delay: 0.8, longestDelayMs: 300 };

const pausesMs = { shortest: 10, longest: 200 };

export const killAndConclude = async (
  { stage, killer, conclude }: Trial,
  kills: number,
): Promise<Outcome> => {
  stage.proxies.provider.setWeather(slowProvider);
  stage.proxies.store.setWeather(slowStore);
  await killer.kill(kills, pausesMs);
  return conclude();
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } });
  const seed = seedFrom(values.seed);
  const startedAt = Date.now();
  await using trial = await openTrial(createRandom(seed));
  const outcome = await killAndConclude(trial, Number(values.kills ?? 200));
  const harms = harmsOf(outcome);
  console.dir({ seed, tookMs: Date.now() - startedAt, ...outcome, harms }, { depth: 4 });
  process.exitCode = harms.length > 0 ? 1 : 0;
}
