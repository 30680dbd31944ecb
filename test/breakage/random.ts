/** Randomness from a seed: the same seed makes the same choices, though never at quite the same moments. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export type Random = {
  /** Whole numbers, both ends included. */
  between(least: number, most: number): number;
  /** In [0, 1). */
  fraction(): number;
  chance(probability: number): boolean;
  /** Undefined where there is nothing to choose from. */
  pick<T>(items: readonly T[]): T | undefined;
};

const resolution = 2 ** 30;

export const createRandom = (seed: number): Random => {
  const generator = xoroshiro128plus(seed);
  const between = (least: number, most: number) => uniformInt(generator, least, most);
  const fraction = () => between(0, resolution - 1) / resolution;
  return {
    between,
    fraction,
    chance: probability => fraction() < probability,
    pick: items => (items.length === 0 ? undefined : items[between(0, items.length - 1)]),
  };
};

/** As the variable says, or a new one each time. */
export const seedFrom = (text: string | undefined): number =>
  text === undefined || text === '' ? Date.now() % resolution : Number(text);
