/** Listing: pages that go on from state to state, in a bounded number of reads. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { GrantState } from '../../functions/domain/grant.ts';
import { grantWith } from '../domain/grants.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let reads: string[];
beforeEach(() => {
  world = createWorld();
  reads = [];
  const { list } = world.store;
  world.store.list = (state, limit, after) => {
    reads.push(`${limit} of ${state}${after === undefined ? '' : ` after ${after}`}`);
    return list(state, limit, after);
  };
});

const seed = (state: GrantState, ...ids: string[]) => {
  for (const grantId of ids) world.store.seed(grantWith({ grantId, ownerId: grantId, state }));
};
const list = async (...args: Parameters<World['keeper']['listGrants']>) => {
  const { grants, ...rest } = await world.keeper.listGrants(...args);
  return { ids: grants.map(({ grantId }) => grantId), ...rest };
};

describe('a page of grants', () => {
  it('of every state reads one state after the other', async () => {
    expect(await list(undefined, 10)).toStrictEqual({ ids: [] });
    expect(reads).toEqual(['10 of active', '10 of reauthorize', '10 of revoking', '10 of revoked']);
  });

  it('of one state reads no other', async () => {
    seed('reauthorize', 'a');
    seed('revoking', 'b');
    expect(await list('reauthorize', 10)).toStrictEqual({ ids: ['a'] });
    expect(reads).toEqual(['10 of reauthorize']);
  });

  it('is filled up from the next state, and no fuller than it may be', async () => {
    seed('active', 'a', 'b');
    seed('reauthorize', 'c', 'd', 'e');
    expect(await list(undefined, 3)).toStrictEqual({
      ids: ['a', 'b', 'c'],
      next: { state: 'reauthorize', after: 'c' },
    });
    expect(reads).toEqual(['3 of active', '1 of reauthorize']);
  });

  it('that is full with the last grant of a state goes on in the next one', async () => {
    seed('active', 'a', 'b');
    expect(await list(undefined, 2)).toStrictEqual({ ids: ['a', 'b'], next: { state: 'reauthorize' } });
    expect(reads).toEqual(['2 of active']);
  });

  it('that is full with the last grant of all is the last one', async () => {
    seed('revoked', 'a');
    expect(await list(undefined, 1)).toStrictEqual({ ids: ['a'] });
  });

  it('is filled up where the index names grants that have changed since', async () => {
    seed('active', 'a', 'b');
    const { list: read } = world.store;
    world.store.list = async (state, limit, after) =>
      after === undefined && state === 'active' ? { grants: [], next: '0' } : read(state, limit, after);
    expect(await list('active', 10)).toStrictEqual({ ids: ['a', 'b'] });
    expect(reads).toEqual(['10 of active after 0']);
  });

  it('ends after a bounded number of reads, and goes on from there: in the next state, if this one was over', async () => {
    let left = 19;
    world.store.list = async () => (left-- > 0 ? { grants: [], next: `behind-${left}` } : { grants: [] });
    expect(await list(undefined, 10)).toStrictEqual({ ids: [], next: { state: 'reauthorize' } });
  });
});
