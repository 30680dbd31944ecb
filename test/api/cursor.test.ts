import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../functions/api/cursor.ts';

describe('a cursor', () => {
  it.each(['acme:101', 'no grant id', '', '__proto__', 'é\u0000"\\'])(
    'takes up a listing after %j, whatever stands there in the index',
    after => {
      const position = { state: 'active', after } as const;
      expect(decodeCursor(encodeCursor(position, undefined), undefined)).toEqual(position);
    },
  );
});
