import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cell, properties, table } from '../../cli/table.ts';
import { clip, toJsonLine, visible, widthOf } from '../../cli/text.ts';

const steering = [
  '\u001b[2J',
  '\u0007',
  '\u009b31m',
  '\u007f',
  '\r',
  '\n',
  '\u202e',
  '\u2066',
  '\u2028',
  '\ufeff',
];

describe('text from elsewhere', () => {
  it.each(steering)('cannot steer a terminal: %j', text => {
    expect(visible(text)).toMatch(/^\\u[0-9a-f]{4}/);
    expect(visible(visible(text))).toBe(visible(text));
  });

  it.each(['Acme, front desk', 'Zürich', '東京', '🎉', 'a\u0301'])('is left as it is: %s', text => {
    expect(visible(text)).toBe(text);
  });

  it('reads back from JSON as it was, and is one line of it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...steering)), text => {
        const line = toJsonLine({ text });
        expect(JSON.parse(line)).toEqual({ text });
        expect(visible(line)).toBe(line);
      }),
    );
  });

  it.each([
    ['abc', 3],
    ['東京', 4],
    ['🎉', 2],
    ['a\u0301', 1],
    ['', 0],
  ])('takes columns: %s', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['東京都', 4, '東…'],
    ['東京都', 5, '東京…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('is cut off: %s to %d columns', (text, columns, expected) => {
    expect(clip(text, columns)).toBe(expected);
  });

  it('is never longer than it may be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, columns) => {
        expect(widthOf(clip(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

const painted = (text: string): string => `<${text}>`;

describe('a table', () => {
  it('has columns as wide as what is in them, and nothing at the end of a line', () => {
    expect(
      table(
        [cell('id'), cell('state'), cell('')],
        [
          [cell('東京'), cell('ok', painted), cell('note')],
          [cell('b'), cell('revoked'), cell('', painted)],
        ],
      ),
    ).toEqual(['id    state', '東京  <ok>       note', 'b     revoked']);
  });

  it('is cut off where lines may be no longer', () => {
    const rows = [[cell('abcdef'), cell('ghijkl', painted), cell('mno')]];
    const at = (columns: number) => table([cell('x'), cell('y'), cell('z')], rows, columns)[1];
    expect(at(19)).toBe('abcdef  <ghijkl>  mno');
    expect(at(17)).toBe('abcdef  <ghijkl>  …');
    expect(at(10)).toBe('abcdef  <g…>');
    expect(at(7)).toBe('abcdef');
    expect(at(3)).toBe('ab…');
  });

  it('neutralises its cells before it measures them', () => {
    expect(table([cell('a'), cell('b')], [[cell('\u001b[1m'), cell('x')]])).toEqual([
      'a          b',
      '\\u001b[1m  x',
    ]);
  });
});

describe('properties', () => {
  it('leave out what has no value', () => {
    expect(
      properties([
        ['state', cell('active', painted)],
        ['label', undefined],
        ['id', cell('a\nb')],
      ]),
    ).toEqual(['state  <active>', 'id     a\\u000ab']);
  });
});
