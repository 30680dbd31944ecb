/** Randomness that follows from a seed and a list of keys, so that taking one part of a run away leaves the others as they were. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export type Random = {
  /** An integer in [from, to]. */
  between(from: number, to: number): number;
  /** In [0, 1). */
  fraction(): number;
  chance(probability: number): boolean;
  pick<T>(options: readonly T[]): T;
  /** Mostly small, sometimes large: exponentially distributed around the mean. */
  around(mean: number): number;
};

/** Bob Jenkins' one-at-a-time hash over integers. */
const mixed = (keys: readonly number[]): number => {
  let hash = 0;
  for (const key of keys) {
    hash = (hash + key) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
    hash = (hash + Math.trunc(key / 0x1_0000_0000)) | 0;
    hash = (hash + (hash << 3)) | 0;
    hash ^= hash >>> 11;
    hash = (hash + (hash << 15)) | 0;
  }
  return hash;
};

export const createRandom = (...keys: readonly number[]): Random => {
  const generator = xoroshiro128plus(mixed(keys));
  const fraction = (): number => (generator.next() >>> 0) / 0x1_0000_0000;
  const between = (from: number, to: number): number => uniformInt(generator, from, to);
  return {
    between,
    fraction,
    chance: probability => fraction() < probability,
    pick: <T>(options: readonly T[]) => options[Math.floor(fraction() * options.length)] as T,
    around: mean => Math.round(-mean * Math.log(1 - fraction())),
  };
};
