/** What can be wrong with the grants. Pure. */
import type { Settings } from '../../functions/domain/settings.ts';
import { relative } from '../../sandbox/screen/durations.ts';
import type { Grant } from '../keeper.ts';
import type { Listing } from '../listing.ts';
import type { Facts } from './facts.ts';
import { about, type Finding, named, note, ok, plural, problem, warning, whenKnown } from './finding.ts';
import { isOfUser, lateAfterMs, refreshMarginOf } from './lifetimes.ts';

type Moment = { readonly now: number; readonly settings: Settings };

const codeOf = ({ lastError }: Grant): string => lastError?.code ?? '';
const timeOf = (time: string | undefined): number => (time === undefined ? Number.NaN : Date.parse(time));

/** Why a grant is over that had no refresh token: the keeper's own words. */
const diedAlone = new Set(['no-refresh-token', 'access-token-expired']);

const isWithoutRefreshToken = (grant: Grant): boolean =>
  isOfUser(grant) &&
  (grant.state === 'active' ? grant.refreshExpiresAt === undefined : diedAlone.has(codeOf(grant)));

const enable =
  'In RingCentral\'s developer console let the app issue refresh tokens ("Issue refresh tokens"), then connect these accounts again.';

const refreshTokens = (grants: readonly Grant[]): Finding[] => {
  const counted = grants.filter(
    grant => isOfUser(grant) && (grant.state === 'active' || isWithoutRefreshToken(grant)),
  );
  return [...new Set(counted.map(({ app }) => app))].flatMap(app => {
    const ofApp = counted.filter(grant => grant.app === app);
    const without = ofApp.filter(isWithoutRefreshToken);
    if (without.length === 0) return [];
    const finding =
      without.length === ofApp.length
        ? problem(
            'refresh-tokens',
            `The app ${app} issues no refresh tokens: ${plural(without.length, 'grant dies', 'grants die')} with the access token, within the hour.`,
            enable,
          )
        : warning(
            'refresh-tokens',
            `Of ${app} ${plural(without.length, 'grant has', 'grants have')} no refresh token and ${without.length === 1 ? 'dies' : 'die'} with the access token: ${named(without)}.`,
            'Unless they were connected so on purpose (refresh_token_ttl 0), connect them again.',
          );
    return [about(finding, without)];
  });
};

const reauthorize = (grants: readonly Grant[], { now }: Moment): Finding[] => {
  const dead = grants.filter(({ state }) => state === 'reauthorize');
  if (dead.length === 0) return [];
  const since = ({ lastError }: Grant) =>
    lastError === undefined ? '' : `${lastError.code}, ${relative(timeOf(lastError.at), now)}`;
  const finding = problem(
    'reauthorize',
    `${plural(dead.length, 'grant needs its owner', 'grants need their owners')} to authorise again: ${named(dead, since)}.`,
    'Send each owner a link: `ringbearer connect <grantId>`. After a mistake that is mended, `ringbearer reinstate <grantId>` tries the old tokens.',
  );
  return [about(finding, dead)];
};

/** The refresh token has less left than half of the margin before which it should have been refreshed. */
const nearEnd = (grants: readonly Grant[], { now, settings }: Moment): Finding[] => {
  const dying = grants.filter(
    grant =>
      grant.state === 'active' &&
      isOfUser(grant) &&
      timeOf(grant.refreshExpiresAt) - now < refreshMarginOf(grant, settings) / 2,
  );
  if (dying.length === 0) return [];
  const end = ({ refreshExpiresAt, lastError }: Grant) =>
    `${relative(timeOf(refreshExpiresAt), now)}${lastError === undefined ? '' : `, ${lastError.code}`}`;
  const finding = problem(
    'near-end',
    `${plural(dying.length, 'refresh token')} should have been replaced and will die: ${named(dying, end)}.`,
    'Mend what keeps the sweep from it (schedule, app-credentials, held), then `ringbearer sweep`. What has died: `ringbearer connect <grantId>`.',
  );
  return [about(finding, dying)];
};

const overdue = (grants: readonly Grant[], { now, settings }: Moment): Finding[] => {
  const late = grants.filter(
    ({ dueAt, holdUntil }) => holdUntil === undefined && now - timeOf(dueAt) > lateAfterMs(settings),
  );
  if (late.length === 0) return [];
  const finding = problem(
    'overdue',
    `${plural(late.length, 'grant is', 'grants are')} due since longer than two rounds of the sweep: ${named(late, ({ dueAt }) => relative(timeOf(dueAt), now))}.`,
    'Does the sweep run (schedule, sweep)? `ringbearer sweep` runs one now and says what becomes of them.',
  );
  return [about(finding, late)];
};

const held = (grants: readonly Grant[], { now }: Moment): Finding[] => {
  const waiting = grants.filter(({ holdUntil }) => holdUntil !== undefined);
  if (waiting.length === 0) return [];
  const until = (grant: Grant) => `${codeOf(grant)}, over ${relative(timeOf(grant.holdUntil), now)}`;
  const finding = warning(
    'held',
    `RingCentral is not asked for ${plural(waiting.length, 'grant')}: ${named(waiting, until)}.`,
    'They are tried again by themselves. The code says why: CMN-… and http-429 are limits, timeout, no-answer and http-5xx outages, OAU-… are in docs/doctor.md.',
  );
  return [about(finding, waiting)];
};

const failing = (grants: readonly Grant[]): Finding[] => {
  const failed = grants.filter(
    ({ state, failures, holdUntil }) =>
      failures > 0 && holdUntil === undefined && state !== 'reauthorize' && state !== 'revoked',
  );
  if (failed.length === 0) return [];
  const how = (grant: Grant) => `${grant.failures} in a row, ${codeOf(grant)}`;
  const finding = warning(
    'failing',
    `${plural(failed.length, 'grant')} failed when they were last tried: ${named(failed, how)}.`,
    'They are tried again by themselves; `ringbearer watch` shows it.',
  );
  return [about(finding, failed)];
};

const revoking = (grants: readonly Grant[], { now, settings }: Moment): Finding[] => {
  const stuck = grants.filter(
    ({ state, updatedAt, failures }) =>
      state === 'revoking' && (failures > 0 || now - timeOf(updatedAt) > lateAfterMs(settings)),
  );
  if (stuck.length === 0) return [];
  const finding = warning(
    'revoking',
    `RingCentral could not be told of ${plural(stuck.length, 'revocation')} yet: ${named(stuck, codeOf)}.`,
    'Nobody is served these tokens. The sweep goes on trying until they have died by themselves.',
  );
  return [about(finding, stuck)];
};

const summary = ({ grants, complete }: Listing, findings: readonly Finding[]): Finding[] => {
  const active = grants.filter(({ state }) => state === 'active').length;
  const counts = `${plural(grants.length, 'grant')}, ${active} active`;
  return [
    ...(complete ? [] : [note('grants', `Only the first ${grants.length} grants were looked at.`)]),
    ...(findings.length === 0
      ? [ok('grants', `${counts}; nothing is wrong with any.`)]
      : [note('grants', `${counts}.`)]),
  ];
};

export const checkGrants = (facts: Facts, settings: Settings): Finding[] =>
  whenKnown('grants', facts.grants, listing => {
    const moment = { now: facts.now, settings };
    const { grants } = listing;
    const findings = [
      ...refreshTokens(grants),
      ...reauthorize(grants, moment),
      ...nearEnd(grants, moment),
      ...overdue(grants, moment),
      ...held(grants, moment),
      ...failing(grants),
      ...revoking(grants, moment),
    ];
    return [...findings, ...summary(listing, findings)];
  });
