/** Values as somebody hostile, careless or from the future sends them, and ways to damage a valid one. */
import * as fc from 'fast-check';

/**
 * Whatever holds this must never be seen again: not in an answer, not in a log, not in an error. It fits into a token, and neither into
 * the id of a grant nor into that of an owner, which may be told.
 */
export const secret = 'SECRET/7f3a+';

const deep = (levels: number): unknown => {
  let value: unknown = secret;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** UTF-16 units as they come, halves of surrogate pairs among them. */
const anyUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
  .map(units => String.fromCharCode(...units));

export const hostileTexts = fc.oneof(
  fc.constantFrom(
    ...['', ' ', '\u0000', '\n', '\r\nx-injected: 1', 'null', 'undefined', 'NaN', '0', '-1', '1e400', '٣'],
    ...[
      'true',
      '[]',
      '{}',
      '[object Object]',
      '__proto__',
      'constructor',
      'toString',
      'then',
      '../..',
      '%2e',
    ],
    ...['%00', '%', '/', '//', '?', '#', '*', '$default', '{grantId}', "'; --", '<script>', 'a'.repeat(129)],
    ...[
      '\ud800',
      'a\udc00b',
      '\u2028',
      '\ufeff',
      'e\u0301',
      '👩‍👩‍👧',
      '\u202eabc',
      'İ',
      secret,
      `a${secret}b`,
    ],
    ...['x'.repeat(4097), 'é'.repeat(20_000), '9'.repeat(400), '9007199254740993', '2026-02-30T00:00:00Z'],
  ),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  anyUnits,
);

export const hostileNumbers = fc.oneof(
  fc.constantFrom(
    ...[0, -0, -1, 0.5, 1, 1e-7, 1e9, 1e10, 1e15, 8.64e15, 8.640000000000001e15, 1e21, 1e300, 5e-324],
    ...[2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), Number.MAX_VALUE],
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** What becomes a number that JavaScript cannot hold, or no JSON at all, where {@link jsonText} writes it. */
const rawNumbers = ['1e400', '-1e400', '-0', '1E+2', '0.1e1', 'NaN', 'Infinity', '01', '1_000'] as const;
const raw = (text: string): string => `@raw:${text}@`;

const structures = fc.constantFrom<unknown>(
  null,
  true,
  false,
  [],
  {},
  [null],
  [[]],
  deep(50),
  deep(2000),
  JSON.parse('{"__proto__":{"admin":true,"access_token":"SECRET/7f3a+"}}'),
  { constructor: { prototype: { polluted: true } } },
  JSON.parse('{"toString":1,"valueOf":2,"then":3,"toJSON":4,"length":-1}'),
  Array.from({ length: 300 }, (_, index) => index),
);

/** Any value that JSON can express, the nasty ones first. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  hostileTexts,
  hostileNumbers,
  structures,
  fc.jsonValue(),
);

const hostileKeys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'then', '', 'length', secret, 'a b'),
  hostileTexts,
);

type Change =
  | { readonly kind: 'remove' | 'wrap' | 'box' | 'retype' | 'respell' | 'double' | 'truncate' }
  | { readonly kind: 'replace'; readonly value: unknown }
  | { readonly kind: 'insert'; readonly text: string }
  | { readonly kind: 'add'; readonly key: string; readonly value: unknown };

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('remove', 'wrap', 'box', 'retype', 'respell', 'double', 'truncate'),
  }),
  fc.record({ kind: fc.constant('replace'), value: hostileValues }),
  fc.record({ kind: fc.constant('replace'), value: fc.constantFrom(...rawNumbers).map(raw) }),
  fc.record({ kind: fc.constant('insert'), text: hostileTexts }),
  fc.record({ kind: fc.constant('add'), key: hostileKeys, value: hostileValues }),
);

type Path = readonly (string | number)[];

const deepestChange = 8;

const pathsOf = (value: unknown, path: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null || path.length === deepestChange) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [
    path,
    ...keys.flatMap(key => pathsOf((value as Record<string | number, unknown>)[key], [...path, key])),
  ];
};

const gone = Symbol('gone');

/** Changes are used more than once, and what is changed is changed in place. */
const copied = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const retyped = (value: unknown): unknown => {
  if (typeof value === 'string')
    return value !== '' && Number.isFinite(Number(value)) ? Number(value) : [...value].slice(0, 50);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value);
};

const changedText = (text: string, change: Change): string => {
  const middle = text.length / 2;
  if (change.kind === 'double') return text + text;
  if (change.kind === 'insert') return text.slice(0, middle) + change.text + text.slice(middle);
  return text.slice(0, middle);
};

/** Assigned, `__proto__` would set the prototype; JSON makes it a property like any other. */
const own = (target: object, key: string | number, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
};

const added = (target: object, key: string, value: unknown): object => {
  if (Array.isArray(target)) return [...target, value];
  own(target, key, value);
  return target;
};

const changedNode = (value: unknown, change: Change): unknown => {
  switch (change.kind) {
    case 'remove':
      return gone;
    case 'wrap':
      return [value];
    case 'box':
      return { value };
    case 'retype':
      return retyped(value);
    case 'replace':
      return copied(change.value);
    case 'add':
      if (typeof value !== 'object' || value === null) return copied(change.value);
      return added(value, change.key, copied(change.value));
    default:
      return typeof value === 'string' ? changedText(value, change) : value;
  }
};

const changeAt = (value: unknown, path: Path, change: Change): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return changedNode(value, change);
  const holder = value as Record<string | number, unknown>;
  const inner = holder[key];
  if (rest.length === 0 && change.kind === 'respell') {
    delete holder[key];
    own(holder, `${key}`.toUpperCase(), inner);
    return holder;
  }
  const changed = changeAt(inner, rest, change);
  if (changed === gone) delete holder[key];
  else own(holder, key, changed);
  return holder;
};

const applied = (value: unknown, [where, change]: readonly [number, Change]): unknown => {
  const paths = pathsOf(value);
  const changed = changeAt(value, paths[where % paths.length] ?? [], change);
  return changed === gone ? undefined : changed;
};

/** A valid value with one or two things wrong somewhere in it; what JSON cannot carry is gone. */
export const damaged = (valid: fc.Arbitrary<unknown>, most = 2): fc.Arbitrary<unknown> =>
  fc
    .tuple(valid, fc.array(fc.tuple(fc.nat({ max: 9999 }), changes), { minLength: 1, maxLength: most }))
    .map(([value, list]) => {
      return copied(list.reduce(applied, copied(value)) ?? null);
    });

/** As JSON text, with numbers in it that only text can express. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value ?? null).replaceAll(/"@raw:([^@"\\]*)@"/g, '$1');

/** Text that was JSON once: cut off, with something in it, doubled, or with a byte order mark. */
export const brokenJson = (valid: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc
    .tuple(
      valid.map(jsonText),
      fc.nat({ max: 9999 }),
      hostileTexts,
      fc.constantFrom('cut', 'insert', 'double', 'bom'),
    )
    .map(([text, where, inserted, how]) => {
      const at = where % (text.length + 1);
      if (how === 'cut') return text.slice(0, at);
      if (how === 'insert') return text.slice(0, at) + inserted + text.slice(at);
      return how === 'double' ? text + text : `\ufeff${text}`;
    });

/** A token response as RingCentral sends it; its tokens are marked. */
export const tokenResponse = {
  access_token: `access-${secret}`,
  token_type: 'bearer',
  expires_in: 3598,
  refresh_token: `refresh-${secret}`,
  refresh_token_expires_in: 604_799,
  scope: 'ReadCallLog RingOut',
  owner_id: '1001',
  endpoint_id: 'endpoint-1',
  session_id: 'session-1',
  session_expires_in: 86_400,
  session_idle_timeout: 7200,
  session_expiration_time: '2026-01-02T00:00:00Z',
};

/** Whether something in Object's prototype has been changed. */
export const isPolluted = (): boolean =>
  Object.keys(Object.prototype).length > 0 || 'polluted' in {} || 'admin' in {} || 'access_token' in {};

export const isPrintable = (text: string): boolean => /^[^\p{Cc}\p{Cs}]+$/u.test(text);
