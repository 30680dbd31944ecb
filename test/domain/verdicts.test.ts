/** What ends a grant, what undoes it, and what each of these writes leaves behind. */
import { describe, expect, it } from 'vitest';
import type { Grant } from '../../functions/domain/grant.ts';
import * as writes from '../../functions/domain/writes.ts';
import {
  activeGrant,
  at,
  day,
  type GrantChange,
  grantWith,
  hour,
  minute,
  settings,
  start,
  withoutRefreshToken,
} from './grants.ts';

/** Everything that can be left over from earlier: of a refusal, a doubt, a failure, an event. */
const leftovers: GrantChange = {
  refusal: { code: 'OAU-213', at: start },
  absolvedAt: start,
  condemnedAt: start,
  lastError: { code: 'OAU-213', at: start },
  announcement: 'Grant Recovered',
};
const left = (grant: Grant | undefined) =>
  Object.keys({ ...leftovers, refreshAt: 0 }).filter(field => grant !== undefined && field in grant);

describe('a verdict', () => {
  const refused = grantWith(leftovers);
  const verdict = at(settings.verdictDelayMs);

  it('keeps its reason and its time, and nothing of the refusal or of a refresh to come', () => {
    const condemned = writes.condemn(refused, verdict);
    expect(left(condemned)).toEqual(['condemnedAt', 'lastError', 'announcement']);
    expect(condemned).toMatchObject({
      condemnedAt: verdict.now,
      lastError: { code: 'OAU-213', at: verdict.now },
    });
  });

  it.each(['reauthorize', 'revoking', 'revoked'] as const)('is passed on no grant that is %s', state => {
    expect(writes.condemn({ ...refused, state }, verdict)).toBeUndefined();
    expect(writes.absolve({ ...refused, state }, start + hour, verdict)).toBeUndefined();
  });
});

describe('an acquittal', () => {
  const refused = grantWith({ ...leftovers, failures: 2 });

  it('counts as a failure, and is remembered until the app has proved itself', () => {
    expect(writes.absolve(refused, start + hour, at(minute))).toMatchObject({
      failures: 3,
      refreshAt: start + minute,
      absolvedAt: start + minute,
    });
  });

  it('never shortens a hold', () => {
    const held = { ...refused, holdUntil: start + 2 * hour };
    expect(writes.absolve(held, start + hour, at(minute))?.holdUntil).toBe(start + 2 * hour);
  });

  it('needs a refusal', () => {
    expect(writes.absolve(activeGrant, start + hour, at(minute))).toBeUndefined();
  });
});

describe('the end of an access token that cannot be refreshed', () => {
  it('is the reason that is given', () => {
    expect(writes.expire(grantWith(withoutRefreshToken), at(hour))?.lastError).toEqual({
      code: 'access-token-expired',
      at: start + hour,
    });
  });

  it.each<[string, GrantChange]>([
    ['condemned already', { state: 'reauthorize' }],
    ['being revoked', { state: 'revoking' }],
    ['without tokens', { tokens: undefined }],
  ])('ends no grant that is %s', (_, change) => {
    expect(writes.expire(grantWith({ ...withoutRefreshToken, ...change }), at(hour))).toBeUndefined();
  });
});

describe('reinstating', () => {
  it('takes back an event that was not sent yet: nobody needs to authorise again', () => {
    const condemned = grantWith({
      state: 'reauthorize',
      condemnedAt: start,
      announcement: 'Grant Needs Reauthorization',
    });
    const grant = writes.reinstate(condemned, at(day));
    expect(grant).not.toHaveProperty('announcement');
    expect(grant).toMatchObject({ refreshAt: start + day, condemnedAt: start });
  });
});

describe('revoking', () => {
  it('leaves no verdict, no event and no error from before', () => {
    expect(left(writes.revoke(grantWith(leftovers), at(hour)))).toEqual(['absolvedAt']);
  });

  it('once told upstream leaves no error of having told it', () => {
    const revoking = grantWith({ state: 'revoking', lastError: { code: 'http-503', at: start } });
    expect(writes.revoked(revoking, 1, at(hour))).not.toHaveProperty('lastError');
  });
});

describe('withdrawing', () => {
  const unconfirmed: GrantChange = { claimed: false, announcement: 'Grant Recovered' };

  it('leaves no event and no refresh to come, and is deleted in time, in whole seconds', () => {
    const withdrawn = writes.withdraw(grantWith(unconfirmed), 'connection-1', at(1));
    expect(left(withdrawn)).toEqual([]);
    expect(withdrawn?.deleteAt).toBe(start + settings.revokedRetentionMs + 1000);
  });

  it.each<[string, GrantChange]>([
    ['another connection', { connectionId: 'connection-2' }],
    ['a grant that is being revoked', { state: 'revoking' }],
    ['a grant that was confirmed meanwhile', { claimed: true }],
  ])('leaves alone %s', (_, change) => {
    expect(writes.withdraw(grantWith({ ...unconfirmed, ...change }), 'connection-1', at(0))).toBeUndefined();
  });
});

describe('the due time', () => {
  it('is set right where the record says otherwise, and else there is nothing to write', () => {
    const early = grantWith({ dueAt: start });
    expect(writes.settle(early, at(hour))).toEqual(activeGrant);
    expect(writes.settle(activeGrant, at(hour))).toBeUndefined();
  });

  it('is put off while the provider may not be asked', () => {
    expect(writes.postpone(activeGrant, start + 6 * day, at(5 * day))).toEqual(
      grantWith({ dueAt: start + 6 * day, updatedAt: start + 5 * day }),
    );
  });

  it('needs no write where it is later already', () => {
    expect(writes.postpone(activeGrant, start + day, at(hour))).toBeUndefined();
  });

  it('is not put off for what needs no provider', () => {
    const grant = grantWith({ announcement: 'Grant Recovered', dueAt: start + hour });
    expect(writes.postpone(grant, start + 6 * day, at(hour))).toBeUndefined();
  });
});
