import { expect, it } from 'vitest';
import { freshSeed, parseOptions } from '../../simulation/options.ts';

it('a seed that was drawn and printed can be given again', () => {
  const seed = freshSeed(Date.UTC(2026, 10, 23));
  expect(parseOptions(['--seed', String(seed)], 1).firstSeed).toBe(seed);
});

it.each(['', '-1', '1.5', 'seven', '1e3', '9'.repeat(16), '1'.repeat(17)])('%j is no seed', text => {
  expect(() => parseOptions([`--seed=${text}`], 1)).toThrow('--seed takes a whole number');
});
