import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextChore, nextTask } from '../../functions/domain/attend.ts';
import { withDueTime } from '../../functions/domain/due.ts';
import {
  at,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  second,
  settings,
  start,
  underWay,
  withoutRefreshToken,
} from './grants.ts';

const retired = {
  app: 'main',
  ownerId: '1001',
  clientId: 'client',
  server: 'https://platform.ringcentral.com',
  token: 'old',
  expiresAt: start + 9 * day,
};

/** The due time and the task that the record itself demands at a time. */
const look = (change: GrantChange, time: number, announced = false) => {
  const moment = at(time);
  const grant = withDueTime(grantWith(change), moment.now, settings);
  return {
    dueIn: grant.dueAt === undefined ? undefined : grant.dueAt - moment.now,
    task: nextTask(grant, moment, announced),
  };
};

describe('what the sweep does with a grant', () => {
  it.each<[string, GrantChange, number, string]>([
    ['refreshes it when it is due', {}, 5 * day, 'refresh'],
    ['takes up a refresh whose worker has gone', underWay(start), minute, 'refresh'],
    ['finishes a revocation', { state: 'revoking' }, 0, 'finish-revocation'],
    ['ends what is left of old sessions', { retired: [retired] }, 0, 'end-retired-sessions'],
    ['refreshes before it ends old sessions', { retired: [retired] }, 5 * day, 'refresh'],
    ['leaves a grant that is not due', {}, 5 * day - 1, 'nothing'],
    ['leaves a condemned grant that was announced', { state: 'reauthorize' }, 9 * day, 'nothing'],
    ['leaves a revoked grant that was announced', { state: 'revoked', tokens: undefined }, 0, 'nothing'],
    [
      'leaves an old session whose end failed a moment ago',
      { retired: [{ ...retired, retryAt: start + hour }] },
      minute,
      'nothing',
    ],
  ])('%s', (_, change, time, kind) => {
    expect(look(change, time).task.kind).toBe(kind);
  });

  it.each<[string, GrantChange, number, string]>([
    ['confirms a claim', { claimed: false }, 0, 'confirm-claim'],
    [
      'passes the verdict on a refusal',
      { refusal: { code: 'OAU-213', at: start } },
      settings.verdictDelayMs,
      'pass-verdict',
    ],
    ['ends a grant without a refresh token', withoutRefreshToken, hour, 'expire'],
    [
      'announces a change of state',
      { state: 'reauthorize', announcement: 'Grant Needs Reauthorization' },
      0,
      'announce',
    ],
    [
      'passes a verdict before it announces what came earlier',
      { refusal: { code: 'OAU-213', at: start }, announcement: 'Grant Recovered' },
      minute,
      'pass-verdict',
    ],
  ])('%s', (_, change, time, chore) => {
    expect(look(change, time).task).toEqual({ kind: 'chore', chore });
  });

  it('an event that cannot be sent never stands before a token', () => {
    expect(look({ announcement: 'Grant Recovered' }, 5 * day, true).task.kind).toBe('refresh');
  });

  it('nor does it stand before a verdict', () => {
    const refused: GrantChange = {
      refusal: { code: 'OAU-213', at: start },
      announcement: 'Grant Recovered',
    };
    expect(look(refused, minute, true).task).toEqual({ kind: 'chore', chore: 'pass-verdict' });
  });

  it.each<[string, GrantChange, number]>([
    ['a refusal waits for its verdict', { refusal: { code: 'x', at: start } }, settings.verdictDelayMs - 1],
    ['an access token lives that cannot be refreshed', withoutRefreshToken, hour - 1],
    ['a grant was withdrawn before its claim was confirmed', { state: 'revoked', claimed: false }, day],
    ['a grant can be refreshed, though its access token is over', {}, 2 * hour],
  ])('has no chore while %s', (_, change, time) => {
    expect(nextChore(grantWith(change), at(time))).toBeUndefined();
  });

  it.each<[string, GrantChange]>([
    ['held', { holdUntil: start + 9 * day }],
    ["somebody else's", underWay(start + 5 * day)],
  ])('has nothing to do where nothing is wanted, though the grant is %s', (_, change) => {
    const idle = grantWith({ ...change, state: 'reauthorize', sent: undefined, dueAt: start });
    expect(nextTask(idle, at(5 * day))).toEqual({ kind: 'nothing' });
  });

  it('leaves to others what they are at, and what is held', () => {
    const dueBySweep = { ...underWay(start + 5 * day), dueAt: start + 5 * day };
    expect(nextTask(grantWith(dueBySweep), at(5 * day + second)).kind).toBe('taken');
    expect(nextTask(grantWith({ holdUntil: start + 6 * day }), at(5 * day)).kind).toBe('held');
  });

  it('believes the record and not the index: one that is due no more is left', () => {
    expect(nextTask(grantWith({ dueAt: start + 9 * day, refreshAt: start + day }), at(5 * day)).kind).toBe(
      'nothing',
    );
    expect(nextTask(grantWith({ dueAt: undefined }), at(5 * day)).kind).toBe('nothing');
  });
});

describe('when a grant is due', () => {
  it.each<[string, GrantChange, number | undefined]>([
    ['at its refresh', {}, 5 * day],
    ['when the lease of an unfinished refresh ends', underWay(start), settings.leaseMs],
    ['not before a hold ends', { refreshAt: start, holdUntil: start + hour }, hour],
    ['not before a hold ends: revocation', { state: 'revoking', holdUntil: start + hour }, hour],
    ['at once to be revoked', { state: 'revoking' }, 0],
    [
      'at once to be announced, hold or no hold',
      { announcement: 'Grant Recovered', holdUntil: start + hour },
      0,
    ],
    [
      'for its verdict, hold or no hold',
      { refusal: { code: 'x', at: start }, holdUntil: start + hour },
      settings.verdictDelayMs,
    ],
    [
      'for its verdict, though its refresh was due',
      { refusal: { code: 'x', at: start }, refreshAt: start - day },
      settings.verdictDelayMs,
    ],
    [
      'when its refresh was, though an attempt has come to nothing since',
      { refreshAt: start - hour, attempt: { id: 'dead', endsAt: start - minute } },
      -hour,
    ],
    ['never, active without tokens, as no write leaves it', { tokens: undefined }, undefined],
    ['at the end of an access token that cannot be refreshed', withoutRefreshToken, hour],
    ['for the next try at an old session', { retired: [{ ...retired, retryAt: start + minute }] }, minute],
    ['never, when condemned and announced', { state: 'reauthorize' }, undefined],
    ['never, when revoked and announced', { state: 'revoked', tokens: undefined }, undefined],
  ])('%s', (_, change, expected) => {
    expect(look(change, 0).dueIn).toBe(expected);
  });

  it('there is always something to do when it is due: no grant is looked at for ever', () => {
    const change = fc.record({
      state: fc.constantFrom('active', 'reauthorize', 'revoking', 'revoked' as const),
      claimed: fc.boolean(),
      refreshAt: fc.option(
        fc.integer({ min: 0, max: 10 }).map(n => start + n * hour),
        { nil: undefined },
      ),
      holdUntil: fc.option(
        fc.integer({ min: 0, max: 10 }).map(n => start + n * hour),
        { nil: undefined },
      ),
      sent: fc.option(fc.constant({ at: start, by: 'x' }), { nil: undefined }),
      attempt: fc.option(
        fc.integer({ min: 0, max: 10 }).map(n => ({ id: 'x', endsAt: start + n * hour })),
        { nil: undefined },
      ),
      refusal: fc.option(fc.constant({ code: 'x', at: start }), { nil: undefined }),
      announcement: fc.option(fc.constant('Grant Recovered' as const), { nil: undefined }),
      retired: fc.constantFrom([], [retired], [{ ...retired, retryAt: start + 3 * hour }]),
      tokens: fc.constantFrom(grantWith({}).tokens, withoutRefreshToken.tokens),
    });
    fc.assert(
      fc.property(change, fc.integer({ min: 0, max: 12 }), (fields, hours) => {
        const writtenAt = start + hours * hour;
        const grant = withDueTime(grantWith(fields as GrantChange), writtenAt, settings);
        if (grant.dueAt === undefined) return;
        const moment = { now: Math.max(grant.dueAt, writtenAt), settings };
        expect(['nothing', 'held', 'taken']).not.toContain(nextTask(grant, moment).kind);
      }),
      { numRuns: 2000 },
    );
  });
});
