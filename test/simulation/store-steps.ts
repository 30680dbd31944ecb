/** Random sequences of what the keeper asks of a grant store, crowded together: few records, few due times, few lanes. */
import * as fc from 'fast-check';
import type { AppStanding } from '../../functions/domain/app.ts';
import type { Claim } from '../../functions/domain/claim.ts';
import { type Grant, type GrantState, grantStates } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import { grantsWithId, idsOfLane } from '../adapters/grants.ts';

/** The version that a write was computed from: the one stored, one before it, none, or one that never was. */
export type Previous = 'current' | 'stale' | 'absent' | 'foreign';

type Write<K extends string, T> = {
  readonly kind: K;
  readonly id: string;
  readonly previous: Previous;
  readonly next: T;
};

export type WriteStep = Write<'grant', Grant> | Write<'claim', Claim> | Write<'standing', AppStanding>;

export type Step =
  | WriteStep
  | { readonly kind: 'get'; readonly id: string }
  /** `skipped`: goes on after so many of the hints, as a sweep does after a page. */
  | { readonly kind: 'due'; readonly lane: number; readonly now: number; readonly skipped: number }
  | { readonly kind: 'list'; readonly state: GrantState; readonly limit: number; readonly after?: string }
  /** `right`: with the due time that is stored. */
  | { readonly kind: 'postpone'; readonly id: string; readonly right: boolean; readonly dueAt: number };

const lane = laneOf('grant-0');
export const ids = [...idsOfLane(lane, 4), 'acme:101', 'absent'];
export const lanes = [...new Set(ids.map(laneOf))];

const id = fc.constantFrom(...ids);
const dueAt = fc.constantFrom(0, 1, 2, 1_000, 1_999_999_999_999);
const previous = fc.constantFrom<Previous>(
  'current',
  'current',
  'current',
  'current',
  'stale',
  'absent',
  'foreign',
);

const scheduled = (grant: Grant, at: number | undefined): Grant => {
  const { dueAt: _, ...rest } = grant;
  return at === undefined ? rest : { ...rest, dueAt: at };
};

const grants = id.chain(grantId =>
  fc.record({
    kind: fc.constant('grant' as const),
    id: fc.constant(grantId),
    previous,
    next: fc
      .tuple(grantsWithId(grantId), fc.option(dueAt, { nil: undefined }))
      .map(([grant, at]) => scheduled(grant, at)),
  }),
);

const claims = fc.record({
  kind: fc.constant('claim' as const),
  id,
  previous,
  next: fc.record({ app: fc.constant('main'), ownerId: id, grantId: id }, { noNullPrototype: true }),
});

const standings = fc.record({
  kind: fc.constant('standing' as const),
  id,
  previous,
  next: fc.record(
    {
      name: id,
      failures: fc.nat({ max: 9 }),
      refused: fc.uniqueArray(id, { maxLength: 3 }),
      holdUntil: dueAt,
      holdReason: fc.constantFrom('', 'OAU-153'),
      succeededAt: dueAt,
    },
    { requiredKeys: ['name', 'failures', 'refused'], noNullPrototype: true },
  ),
});

const queries = fc.oneof(
  fc.record({ kind: fc.constant('get' as const), id }),
  fc.record({
    kind: fc.constant('due' as const),
    lane: fc.constantFrom(...lanes),
    now: dueAt,
    skipped: fc.nat({ max: 2 }),
  }),
  fc.record(
    {
      kind: fc.constant('list' as const),
      state: fc.constantFrom(...grantStates),
      limit: fc.integer({ min: 1, max: 3 }),
      after: id,
    },
    { requiredKeys: ['kind', 'state', 'limit'], noNullPrototype: true },
  ),
);

const postponements = fc.record({
  kind: fc.constant('postpone' as const),
  id,
  right: fc.constantFrom(true, true, false),
  dueAt,
});

export const sequences: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: grants as fc.Arbitrary<Step> },
    { weight: 2, arbitrary: claims },
    { weight: 2, arbitrary: standings },
    { weight: 4, arbitrary: queries },
    { weight: 4, arbitrary: postponements },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);
