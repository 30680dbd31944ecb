/** Head-room against RingCentral's Auth rate limit. Pure. */
import { jitterShare, type RateLimitScope, type Settings } from '../../functions/domain/settings.ts';
import type { Grant } from '../keeper.ts';
import type { Facts } from './facts.ts';
import { type Finding, note, ok, plural, problem, warning } from './finding.ts';
import { refreshIntervals } from './lifetimes.ts';

const hourMs = 3_600_000;

/** The Auth group: 5 requests in 60 s, documented per user and app; a later notice says per app. */
export const allowedPerHour = (5 * hourMs) / 60_000;

/** Refreshes an hour. */
export type Need = {
  /** Nobody uses a weekly grant. */
  readonly least: number;
  /** Everybody uses every grant all the time, and every refresh is brought forward as far as it can be. */
  readonly most: number;
};

export const needOf = (grant: Grant, settings: Settings): Need => {
  const { inUseMs, unusedMs } = refreshIntervals(grant, settings);
  return { least: hourMs / unusedMs, most: hourMs / (inUseMs * (1 - jitterShare)) };
};

const sum = (needs: readonly Need[]): Need => ({
  least: needs.reduce((total, { least }) => total + least, 0),
  most: needs.reduce((total, { most }) => total + most, 0),
});

const round = (value: number): string =>
  String(value >= 10 ? Math.ceil(value) : Math.ceil(value * 100) / 100);
const between = ({ least, most }: Need): string => `${round(least)} to ${round(most)} refreshes an hour`;

const spread =
  'Ask RingCentral for a higher Auth limit, divide the accounts among several RingCentral apps, or let consumers keep tokens until `cacheUntil` and no getter ask more often.';

const perApp = (name: string, count: number, need: Need): Finding => {
  const what = `${plural(count, 'grant needs', 'grants need')} ${between(need)} (${name}); ${allowedPerHour} are allowed per app.`;
  if (need.least > allowedPerHour) return problem('rate-limit', what, spread);
  if (need.most > allowedPerHour)
    return warning('rate-limit', `${what} With all of them in use it is too much.`, spread);
  return ok('rate-limit', what);
};

const perGrant = (grants: readonly Grant[], needs: readonly Need[]): Finding[] => {
  const total = sum(needs);
  const busiest = Math.max(0, ...needs.map(({ most }) => most));
  const what = `${plural(grants.length, 'grant needs', 'grants need')} ${between(total)}, at most ${round(busiest)} each; ${allowedPerHour} are allowed per user and app.`;
  if (busiest > allowedPerHour) {
    return [
      problem('rate-limit', what, 'Ask for a longer access_token_ttl when these accounts are connected.'),
    ];
  }
  const isTight = total.most > allowedPerHour;
  return [
    ok('rate-limit', what),
    ...(isTight
      ? [
          note(
            'rate-limit',
            `If the limit counts per app, as a later notice of RingCentral's says, that can be too much: \`ringbearer doctor --rate-limit-scope app\`.`,
          ),
        ]
      : []),
  ];
};

const isRefreshed = ({ state, refreshExpiresAt }: Grant): boolean =>
  state === 'active' && refreshExpiresAt !== undefined;

export const checkRate = (facts: Facts, settings: Settings): Finding[] => {
  const { grants, local, rateLimitScope } = facts;
  if (!grants.known) return [];
  if (local) {
    return [
      note(
        'rate-limit',
        'Not checked: the lifetimes and limits of a local run are not those of RingCentral.',
      ),
    ];
  }
  const refreshed = grants.value.grants.filter(isRefreshed);
  const scope: RateLimitScope = rateLimitScope ?? settings.rateLimitScope;
  if (scope === 'grant')
    return perGrant(
      refreshed,
      refreshed.map(grant => needOf(grant, settings)),
    );
  return [...new Set(refreshed.map(({ app }) => app))].map(app => {
    const ofApp = refreshed.filter(grant => grant.app === app);
    return perApp(app, ofApp.length, sum(ofApp.map(grant => needOf(grant, settings))));
  });
};
