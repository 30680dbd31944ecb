import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mended, mutants } from '../../simulation/mutants/mutants.ts';

const root = join(import.meta.dirname, '../..');

describe('the mutants of the protocol', () => {
  it.each([...mutants, ...mended])('"$name" finds its place in the source, once', ({ edits }) => {
    for (const { file, find, replace } of edits) {
      expect(readFileSync(join(root, file), 'utf8').split(find)).toHaveLength(2);
      expect(replace).not.toBe(find);
    }
  });

  it('have names of their own', () => {
    const names = [...mutants, ...mended].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(mutants.length).toBeGreaterThanOrEqual(12);
  });
});
