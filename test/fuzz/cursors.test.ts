/** Cursors: what a listing returned leads back to its place, and nothing else leads anywhere. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../functions/api/cursor.ts';
import { grantStates } from '../../functions/domain/grant.ts';
import type { Position } from '../../functions/keeper/list-grants.ts';
import { grantIds } from '../adapters/grants.ts';
import { hostileTexts, hostileValues, jsonText } from './arbitraries.ts';
import { runs } from './runs.ts';

const states = fc.constantFrom(...grantStates);
const filters = fc.option(states, { nil: undefined });
const positions: fc.Arbitrary<Position> = fc.oneof(
  fc.record({ state: states }),
  fc.record({ state: states, after: grantIds }),
);

describe('a cursor', () => {
  it('leads back to where the page ended, fits into a query, and needs no encoding there', () => {
    fc.assert(
      fc.property(positions, filters, (position, only) => {
        const cursor = encodeCursor(position, only);
        expect(decodeCursor(cursor, only)).toEqual(position);
        expect(cursor).toMatch(/^[\w-]{1,512}$/);
      }),
      runs(500),
    );
  });

  it('of one listing is none of another', () => {
    fc.assert(
      fc.property(positions, filters, filters, (position, only, other) => {
        fc.pre(only !== other);
        expect(() => decodeCursor(encodeCursor(position, only), other)).toThrow(/belongs to a listing/);
      }),
      runs(200),
    );
  });

  const strangers = fc.oneof(
    hostileTexts,
    hostileValues.map(value => Buffer.from(jsonText(value)).toString('base64url')),
    // The checksum of one, and the place of another.
    fc.tuple(positions, positions).map(([one, other]) => {
      const [checksum, place] = [one, other].map(each =>
        Buffer.from(encodeCursor(each, undefined), 'base64url').toString(),
      );
      return Buffer.from(`${checksum?.slice(0, 16)}${place?.slice(16)}`).toString('base64url');
    }),
    fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64url')),
    fc.tuple(positions, fc.nat(), hostileTexts).map(([position, at, text]) => {
      const cursor = encodeCursor(position, undefined);
      const where = at % cursor.length;
      return cursor.slice(0, where) + text + cursor.slice(where + 1);
    }),
  );

  it('that no listing returned is refused, and not quoted', () => {
    fc.assert(
      fc.property(strangers, filters, (cursor, only) => {
        try {
          const position = decodeCursor(cursor, only);
          // What was put in its middle happened to be what was there.
          expect(encodeCursor(position, only)).toBe(cursor);
        } catch (error) {
          expect(error).toMatchObject({ name: 'ApiError', code: 'invalid-request' });
          expect((error as Error).message).toMatch(
            /^"cursor" (is not one|belongs)[^\n]{0,60}\.( Start again without it\.)?$/,
          );
        }
      }),
      runs(1000),
    );
  });
});
