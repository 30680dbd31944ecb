/** What a proxy does to the exchanges that pass through it, and how often. Probabilities are those of one exchange. */
import type { Random } from './random.ts';

/** Where it strikes: the request on its way there, or the answer on its way back. */
export type Direction = 'request' | 'answer';

export type Fault = {
  /** `reset`: RST to both sides. `truncate`: an orderly end. `stall`: not one byte more. All after a share of the first chunk. */
  readonly kind: 'reset' | 'truncate' | 'stall';
  readonly direction: Direction;
  readonly share: number;
};

export type Fate = {
  readonly fault?: Fault;
  readonly delayMs: { readonly [direction in Direction]: number };
};

export type Weather = {
  readonly reset: number;
  readonly truncate: number;
  readonly stall: number;
  readonly delay: number;
  readonly longestDelayMs: number;
};

export const calm: Weather = { reset: 0, truncate: 0, stall: 0, delay: 0, longestDelayMs: 0 };

const kinds = ['reset', 'truncate', 'stall'] as const;
const directions = ['request', 'answer'] as const;

const drawFault = (weather: Weather, random: Random): Fault | undefined => {
  const drawn = random.fraction();
  let upTo = 0;
  for (const kind of kinds) {
    upTo += weather[kind];
    if (drawn >= upTo) continue;
    const direction = random.pick(directions) ?? 'request';
    // As often as not it strikes before the first byte.
    return { kind, direction, share: random.chance(0.5) ? 0 : random.fraction() };
  }
  return undefined;
};

export const drawFate = (weather: Weather, random: Random): Fate => {
  const fault = drawFault(weather, random);
  const delay = () => (random.chance(weather.delay) ? random.between(1, weather.longestDelayMs) : 0);
  return { ...(fault && { fault }), delayMs: { request: delay(), answer: delay() } };
};
