/** Random sequences of what can be asked of an authorisation server, under random rules, with times around every limit. */
import * as fc from 'fast-check';
import type { ProviderRules } from '../../simulation/world/scenario.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The one issues refresh tokens, the other none. */
export const apps = ['main', 'bare'] as const;
export type AppName = (typeof apps)[number];
export const owners = ['101', '102'] as const;

/** A token that was handed out: of the session opened so many before the last one, so many before its current one. */
export type Chosen = {
  readonly token: 'access' | 'refresh';
  readonly session: number;
  readonly age: number;
};

export type Request = {
  readonly chosen: Chosen;
  readonly app: 'its own' | 'the other';
  readonly secret: 'right' | 'wrong';
};

export type Step =
  | { readonly act: 'authorize'; readonly app: AppName; readonly ownerId: string }
  | ({ readonly act: 'refresh' | 'revoke' | 'limit' } & Request)
  | { readonly act: 'use'; readonly chosen: Chosen }
  | { readonly act: 'pass'; readonly ms: number }
  | { readonly act: 'end sessions'; readonly ownerId: string }
  | { readonly act: 'change secret'; readonly app: AppName };

/** Mostly the current token of a recent session. */
const chosenOf = (token: fc.Arbitrary<'access' | 'refresh'>): fc.Arbitrary<Chosen> =>
  fc.record({
    token,
    session: fc.constantFrom(0, 0, 0, 1, 1, 2, 5),
    age: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3),
  });

const mostly = <T>(usual: T, rare: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constant(rare) });

const request = <A extends 'refresh' | 'revoke' | 'limit'>(
  act: A,
  token: fc.Arbitrary<'access' | 'refresh'>,
) =>
  fc.record({
    act: fc.constant(act),
    chosen: chosenOf(token),
    app: mostly<Request['app']>('its own', 'the other'),
    secret: mostly<Request['secret']>('right', 'wrong'),
  });

const passing = fc.record({
  act: fc.constant('pass' as const),
  ms: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(0, 1, 5_000, 10_000 - 1, 10_000, 30_000, MINUTE - 1, MINUTE),
    },
    { weight: 3, arbitrary: fc.constantFrom(10 * MINUTE, 30 * MINUTE, HOUR - 1, HOUR, HOUR + 1) },
    { weight: 1, arbitrary: fc.constantFrom(DAY, 3 * DAY, 7 * DAY - 1, 7 * DAY) },
  ),
});

const ownerId = fc.constantFrom(...owners);
const app = fc.constantFrom<AppName>('main', 'main', 'main', 'bare');
const either = mostly<'access' | 'refresh'>('refresh', 'access');

const authorization = fc.record({ act: fc.constant('authorize' as const), app, ownerId });

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: authorization as fc.Arbitrary<Step> },
    { weight: 14, arbitrary: request('refresh', either) },
    { weight: 2, arbitrary: request('revoke', fc.constantFrom('access', 'refresh')) },
    {
      weight: 6,
      arbitrary: fc.record({ act: fc.constant('use' as const), chosen: chosenOf(fc.constant('access')) }),
    },
    { weight: 6, arbitrary: passing },
    { weight: 1, arbitrary: request('limit', either) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('end sessions' as const), ownerId }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('change secret' as const), app }) },
  ),
  { minLength: 10, maxLength: 60, size: 'max' },
);

export const sequences: fc.Arbitrary<Step[]> = fc
  .tuple(authorization, steps)
  .map(([first, rest]) => [{ ...first, app: 'main' }, ...rest]);

/** With `kind` as given: a sequence under the other kind is another test. */
export const rulesOf = (kind: ProviderRules['kind']): fc.Arbitrary<ProviderRules> =>
  fc.record({
    kind: fc.constant(kind),
    replayWindowMs: fc.constantFrom(HOUR, HOUR, 10 * MINUTE, 0),
    replayAfterUseMs: fc.constantFrom(10 * SECOND, 10 * SECOND, 0),
    accessLifetimeMs: fc.constantFrom(HOUR, HOUR, 3598 * SECOND, 600 * SECOND),
    refreshLifetimeMs: fc.constantFrom(7 * DAY, 7 * DAY, 2 * HOUR),
    identifies: fc.constant('session' as const),
    oneAccessTokenPerOwner: fc.boolean(),
    maxSessions: fc.constantFrom(5, 2, 1),
    rateLimitScope: fc.constantFrom<ProviderRules['rateLimitScope']>('off', 'off', 'grant', 'app'),
    rateLimitRequests: fc.constantFrom(5, 2),
    rateLimitWindowMs: fc.constantFrom(MINUTE, 5 * MINUTE),
    penaltyMs: fc.constantFrom(MINUTE, 30 * SECOND, 59_500),
    retryAfter: fc.constant('seconds' as const),
  });
