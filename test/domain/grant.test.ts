import { describe, expect, it } from 'vitest';
import { grantIdPattern } from '../../functions/domain/grant.ts';

describe('a grant id', () => {
  it.each(['a', '_', '7', 'acme:101', 'a.b_c~d:e@f-g', 'x'.repeat(128)])('may be %j', id => {
    expect(id).toMatch(grantIdPattern);
  });

  it.each([
    '',
    '.',
    '~a',
    '-a',
    ':a',
    '@a',
    'a/b',
    '/a',
    'a b',
    ' a',
    'a ',
    'a\n',
    'ä',
    'a#b',
    'x'.repeat(129),
  ])('may not be %j', id => {
    expect(id).not.toMatch(grantIdPattern);
  });
});
