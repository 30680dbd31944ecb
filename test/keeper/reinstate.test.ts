/** Undoing a verdict, and what is answered where there is none to undo. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { KeeperError } from '../../functions/keeper/errors.ts';
import {
  activeGrant,
  type GrantChange,
  grantWith,
  minute,
  start,
  withoutRefreshToken,
} from '../domain/grants.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
  world.now = start + minute;
});

const { grantId } = activeGrant;
const reinstate = (change: GrantChange) => {
  world.store.seed(grantWith(change));
  return world.keeper.reinstateGrant(grantId);
};
const refusal = (promise: Promise<unknown>): Promise<KeeperError> =>
  promise.then(
    () => {
      throw new Error('it was reinstated');
    },
    error => error,
  );

describe('reinstating', () => {
  it('has a condemned grant tried again, and is reported', async () => {
    expect(await reinstate({ state: 'reauthorize', condemnedAt: start })).toMatchObject({
      state: 'active',
      dueAt: world.now,
    });
    expect(world.facts).toEqual([{ type: 'reinstated', grantId }]);
  });

  it('leaves an active grant as it is, and reports nothing', async () => {
    expect(await reinstate({})).toEqual(activeGrant);
    expect(world.facts).toEqual([]);
    expect(world.store.history).toEqual([]);
  });

  it.each(['revoking', 'revoked'] as const)('is refused where the grant is %s', async state => {
    expect(await refusal(reinstate({ state }))).toMatchObject({
      code: 'grant-revoked',
      message: 'A revoked grant cannot be reinstated. Connect the account again.',
    });
  });

  it('is refused where there is nothing to try again with', async () => {
    expect(await refusal(reinstate({ ...withoutRefreshToken, state: 'reauthorize' }))).toMatchObject({
      code: 'reauthorization-required',
      message: 'The grant has no refresh token to try again with. Its owner must authorise again.',
    });
  });

  it('is refused where there is no such grant', async () => {
    expect(await refusal(world.keeper.reinstateGrant('nobody'))).toMatchObject({ code: 'grant-not-found' });
  });
});
