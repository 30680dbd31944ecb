/** Items of the table as a version to come, or somebody's hand, may have left them. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { grantCodec, summaryAttributes } from '../../functions/adapters/records.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import { fullGrant, idsOfLane } from '../adapters/grants.ts';
import { hostileTexts, secret } from './arbitraries.ts';

export type Item = Record<string, AttributeValue>;

/** Both in one lane: what is wrong with the one comes before the other. */
export const lane = 3;
export const [healthyId = '', strangeId = ''] = idsOfLane(lane, 2);

/** Of a record anything may be told but its tokens, so those alone are marked. */
const texts = hostileTexts.filter(text => !text.includes(secret));
const numbers = fc.oneof(
  fc.constantFrom('0', '-1', '0.5', '1', '1e38', '-1e38', '9007199254740991', '9007199254740992', '1E-100'),
  fc.constantFrom(
    '8640000000000000',
    '8640000000000001',
    '253402300800000',
    '99999999999999999999999999999999999999',
  ),
  fc.integer().map(String),
);
const scalars: fc.Arbitrary<AttributeValue> = fc.oneof(
  texts.map(S => ({ S })),
  numbers.map(N => ({ N })),
  fc.boolean().map(BOOL => ({ BOOL })),
  fc.constant({ NULL: true as const }),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map(B => ({ B })),
);
export const attributes = fc.oneof(
  { weight: 4, arbitrary: scalars },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 })
      .map(SS => ({ SS })),
  },
  {
    weight: 1,
    arbitrary: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 3 }).map(set => ({ NS: set.map(String) })),
  },
  { weight: 1, arbitrary: fc.constant({ BS: [new Uint8Array([1]), new Uint8Array([2])] }) },
  { weight: 1, arbitrary: fc.array(scalars, { maxLength: 3 }).map(L => ({ L })) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom('__proto__', 'constructor', 'token', 'a'), scalars), { maxLength: 3 })
      .map(entries => ({ M: Object.fromEntries(entries) })),
  },
) as fc.Arbitrary<AttributeValue>;

const { retired: fullRetired, ...full } = fullGrant;
const strange: Grant = {
  ...full,
  grantId: strangeId,
  ownerId: '2002',
  strategy: 'weekly',
  tokens: { ...full.tokens, accessToken: `access-${secret}`, refreshToken: `refresh-${secret}` },
  retired: fullRetired.map(entry => ({ ...entry, ownerId: '2002', token: `retired-${secret}` })),
};
const {
  attempt: _attempt,
  sent: _sent,
  holdUntil: _hold,
  refusal: _refusal,
  announcement: _event,
  ...free
} = strange;
const { tokens: _tokens, ...ended } = free;
/** Grants in every state, each due. */
export const shapes: readonly Grant[] = [
  strange,
  free,
  { ...free, retired: [] },
  { ...free, state: 'reauthorize' },
  { ...free, state: 'revoking' },
  { ...free, ...(strange.sent && { sent: strange.sent }), state: 'revoking' },
  { ...ended, state: 'revoked', announcement: 'Grant Revoked' },
  { ...free, claimed: false },
];
export const itemOf = (grant: Grant): Item => ({
  ...marshall({ ...grantCodec.encode(grant), nonce: 'stored' }, { removeUndefinedValues: true }),
  pk: { S: `grant#${grant.grantId}` },
});

export const known = new Set([
  ...summaryAttributes,
  'accessToken',
  'refreshToken',
  'retired',
  'nonce',
  'pk',
  'lane',
]);
const telling = [
  'state',
  'strategy',
  'generation',
  'accessToken',
  'refreshToken',
  'retired',
  'claimed',
  'sentAt',
  'dueAt',
];
const knownNames = fc.oneof(
  fc.constantFrom(...[...known].filter(name => name !== 'pk')),
  fc.constantFrom(...telling),
);
const newNames = fc.oneof(
  fc.constantFrom(
    'sessionKind',
    '__proto__',
    'constructor',
    'tokens',
    'attempt',
    'value',
    'length',
    'a b',
    'é',
  ),
  fc.string({ minLength: 1, maxLength: 20 }).filter(name => !known.has(name)),
);
type Change = readonly [name: string, value: AttributeValue | undefined];
const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(knownNames, fc.constant(undefined)) },
  { weight: 5, arbitrary: fc.tuple(knownNames, attributes) },
  { weight: 2, arbitrary: fc.tuple(newNames, attributes) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Change>(
      ['schemaVersion', { N: '2' }],
      ['schemaVersion', { S: '1' }],
      ['grantId', { S: healthyId }],
    ),
  },
);
export const changed = (item: Item, [name, value]: Change): Item => {
  const { [name]: _, ...rest } = item;
  return value === undefined
    ? rest
    : Object.defineProperty(rest, name, { value, enumerable: true, configurable: true, writable: true });
};
export const strangeItems = fc
  .tuple(fc.constantFrom(...shapes), fc.array(changes, { minLength: 1, maxLength: 3 }))
  .map(([grant, list]) => list.reduce(changed, itemOf(grant)));
