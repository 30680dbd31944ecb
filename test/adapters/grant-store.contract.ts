/** What the keeper relies on in a grant store, whichever it is. */
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AppStanding, goodStanding } from '../../functions/domain/app.ts';
import type { Grant, GrantState, GrantSummary, Stored } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import type { DueHint, GrantStore, Records } from '../../functions/keeper/ports.ts';
import { start } from '../domain/grants.ts';
import {
  bareGrant,
  fullGrant,
  grantIds,
  grantOf,
  grantsWithId,
  idsOfLane,
  secrets,
  summaryOf,
  withoutDueTime,
} from './grants.ts';

const future = Number.MAX_SAFE_INTEGER;

/** Every field that a standing can have: a new one is missed here by the compiler. */
const fullStanding: Required<AppStanding> = {
  name: 'main',
  holdUntil: start,
  holdReason: 'OAU-153',
  probeUntil: start + 1,
  failures: 1,
  refused: ['a', 'b'],
  succeededAt: start + 2,
};

type Kind<T> = {
  readonly recordsOf: (store: GrantStore) => Records<T>;
  readonly id: string;
  readonly versions: [T, T, T];
};

const kinds = {
  grants: {
    recordsOf: store => store.grants,
    id: fullGrant.grantId,
    versions: [fullGrant, bareGrant, { ...fullGrant, generation: 8 }],
  } satisfies Kind<Grant>,
  claims: {
    recordsOf: store => store.claims,
    id: 'main/1001',
    versions: [
      { app: 'main', ownerId: '1001', grantId: 'a' },
      { app: 'main', ownerId: '1001', grantId: 'b' },
      { app: 'main', ownerId: '1001', grantId: 'c' },
    ],
  } satisfies Kind<unknown>,
  standings: {
    recordsOf: store => store.standings,
    id: 'main',
    versions: [
      fullStanding,
      goodStanding('main'),
      { name: 'main', failures: 2, refused: ['c'], holdUntil: start + 1, holdReason: '' },
    ],
  } satisfies Kind<unknown>,
} as Record<string, Kind<unknown>>;

const created = async <T>(records: Records<T>, id: string, value: T): Promise<Stored<T>> => {
  const written = await records.write(id, undefined, value);
  if (!written.ok) throw new Error(`${id} was there already`);
  return written.stored;
};

const put = (store: GrantStore, grant: Grant): Promise<Stored<Grant>> =>
  created(store.grants, grant.grantId, grant);

/** Every hint of a lane, page after page. */
const allDue = async (store: GrantStore, lane: number, now = future): Promise<DueHint[]> => {
  const hints: DueHint[] = [];
  let after: DueHint | undefined;
  do {
    const page = await store.due(lane, now, after);
    hints.push(...page.hints);
    after = page.next;
  } while (after !== undefined);
  return hints;
};

const allOf = async (store: GrantStore, state: GrantState, limit: number): Promise<GrantSummary[][]> => {
  const pages: GrantSummary[][] = [];
  let after: string | undefined;
  do {
    const page = await store.list(state, limit, after);
    pages.push(page.grants);
    after = page.next;
  } while (after !== undefined);
  return pages;
};

export const describeGrantStore = (
  name: string,
  createStore: () => Promise<GrantStore> | GrantStore,
): void => {
  describe(name, () => {
    let store: GrantStore;
    beforeEach(async () => {
      store = await createStore();
    });

    describe.each(Object.keys(kinds))('of %s', kind => {
      const { recordsOf, id, versions } = kinds[kind] as Kind<unknown>;
      const [first, second, third] = versions;
      let records: Records<unknown>;
      beforeEach(() => {
        records = recordsOf(store);
      });

      it('finds nothing where nothing was written', async () => {
        expect(await records.get(id)).toBeUndefined();
      });

      it.each(versions)('keeps what was created as it was (%#)', async version => {
        const stored = await created(records, id, version);
        expect(stored.value).toStrictEqual(version);
        expect(await records.get(id)).toStrictEqual(stored);
      });

      it('creates only what does not exist, and says what does', async () => {
        const stored = await created(records, id, first);
        expect(await records.write(id, undefined, second)).toStrictEqual({ ok: false, current: stored });
        expect(await records.get(id)).toStrictEqual(stored);
      });

      it('replaces the version that the change was computed from, whole', async () => {
        let previous = await created(records, id, first);
        for (const next of [second, third, second, first]) {
          const written = await records.write(id, previous, next);
          expect(written.ok).toBe(true);
          const stored = await records.get(id);
          expect(stored?.value).toStrictEqual(next);
          expect(written).toStrictEqual({ ok: true, stored });
          previous = stored as Stored<unknown>;
        }
      });

      it('does not replace a version that is gone, and says what is stored now', async () => {
        const old = await created(records, id, first);
        const written = await records.write(id, old, second);
        const current = await records.get(id);
        expect(written).toStrictEqual({ ok: true, stored: current });
        expect(await records.write(id, old, third)).toStrictEqual({ ok: false, current });
        expect(await records.get(id)).toStrictEqual(current);
      });

      it('makes a new version of every write, of one that changes nothing too', async () => {
        const old = await created(records, id, first);
        const again = await records.write(id, old, first);
        expect(again).toMatchObject({ ok: true, stored: { value: first } });
        expect(again.ok && again.stored.nonce).not.toBe(old.nonce);
        expect(await records.write(id, old, second)).toMatchObject({ ok: false });
      });

      it('does not bring back what is not there', async () => {
        const gone = { value: first, nonce: 'of a record that was deleted' };
        expect(await records.write(id, gone, second)).toStrictEqual({ ok: false, current: undefined });
        expect(await records.get(id)).toBeUndefined();
      });

      it('lets exactly one of many creators win, and tells the others who did', async () => {
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) => records.write(id, undefined, versions[i % 3])),
        );
        const current = await records.get(id);
        expect(results.filter(({ ok }) => ok)).toStrictEqual([{ ok: true, stored: current }]);
        expect(results.filter(({ ok }) => !ok)).toStrictEqual(
          Array.from({ length: 19 }, () => ({ ok: false, current })),
        );
      });

      it('lets exactly one of many writers win', async () => {
        const previous = await created(records, id, first);
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) => records.write(id, previous, versions[i % 3])),
        );
        const current = await records.get(id);
        expect(results.filter(({ ok }) => ok)).toStrictEqual([{ ok: true, stored: current }]);
        expect(results.filter(result => !result.ok && result.current?.nonce === current?.nonce).length).toBe(
          19,
        );
      });

      it('tells ids apart by case', async () => {
        await created(records, id, first);
        expect(await records.get(id.toUpperCase())).toBeUndefined();
      });
    });

    it('keeps the kinds of records apart, even under one id', async () => {
      const grant = await put(store, { ...fullGrant, grantId: 'main' });
      const claim = await created(store.claims, 'main', { app: 'main', ownerId: '1', grantId: 'main' });
      const standing = await created(store.standings, 'main', goodStanding('main'));
      expect(await store.grants.get('main')).toStrictEqual(grant);
      expect(await store.claims.get('main')).toStrictEqual(claim);
      expect(await store.standings.get('main')).toStrictEqual(standing);
      expect((await allOf(store, 'active', 10)).flat().map(({ grantId }) => grantId)).toEqual(['main']);
    });

    it('keeps every field of any grant, through any change', async () => {
      const lives = grantIds.chain(grantId =>
        fc.array(grantsWithId(grantId), { minLength: 1, maxLength: 4 }),
      );
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(lives, async versions => {
          // A new id for each run: what an earlier one wrote is still there.
          runs += 1;
          const id = `${versions[0]?.grantId.slice(0, 100)}-${runs}`;
          let previous: Stored<Grant> | undefined;
          for (const version of versions) {
            const next = { ...version, grantId: id };
            expect(await store.grants.write(id, previous, next)).toMatchObject({ ok: true });
            previous = await store.grants.get(id);
            expect(previous?.value).toStrictEqual(next);
          }
        }),
        { numRuns: 150 },
      );
    });

    describe('the due index', () => {
      const lane = laneOf('grant-0');
      const [a = '', b = '', c = ''] = idsOfLane(lane, 3);

      it('lists a grant in its lane, and in no other', async () => {
        const grant = grantOf(a, { dueAt: start });
        await put(store, grant);
        const lanes = await Promise.all(Array.from({ length: 16 }, (_, each) => allDue(store, each)));
        expect(lanes[lane]).toStrictEqual([{ grantId: a, dueAt: start }]);
        expect(lanes.flat().length).toBe(1);
      });

      it('does not list a grant with nothing scheduled', async () => {
        await put(store, withoutDueTime(grantOf(a)));
        expect(await allDue(store, lane)).toEqual([]);
      });

      it('lists the earliest first, and only what is due by now', async () => {
        await put(store, grantOf(a, { dueAt: start + 2 }));
        await put(store, grantOf(b, { dueAt: start + 1 }));
        await put(store, grantOf(c, { dueAt: start + 3 }));
        expect(await allDue(store, lane, start)).toEqual([]);
        expect((await allDue(store, lane, start + 2)).map(({ grantId }) => grantId)).toEqual([b, a]);
        expect((await allDue(store, lane, start + 3)).map(({ grantId }) => grantId)).toEqual([b, a, c]);
      });

      it('follows the due time of a grant: later, gone, back', async () => {
        const grant = grantOf(a, { dueAt: start });
        let stored = await put(store, grant);
        const steps = [
          [{ ...grant, dueAt: start + 9 }, [{ grantId: a, dueAt: start + 9 }]],
          [withoutDueTime(grant), []],
          [{ ...grant, dueAt: start + 4 }, [{ grantId: a, dueAt: start + 4 }]],
        ] as const;
        for (const [next, due] of steps) {
          const written = await store.grants.write(a, stored, next);
          if (written.ok) stored = written.stored;
          expect(await allDue(store, lane)).toStrictEqual(due);
        }
      });

      it('comes in pages, with nothing missing and nothing twice', async () => {
        const ids = idsOfLane(lane, 260);
        // Several at each time: a page may well end between two of them.
        const grants = ids.map((grantId, i) => grantOf(grantId, { dueAt: start + Math.floor(i / 7) }));
        await Promise.all(grants.map(grant => put(store, grant)));
        const hints = await allDue(store, lane);
        expect(hints.map(({ grantId }) => grantId).sort()).toEqual([...ids].sort());
        const times = hints.map(({ dueAt }) => dueAt);
        expect(times).toEqual([...times].sort((x, y) => x - y));
        for (const { grantId, dueAt } of hints)
          expect(dueAt).toBe(grants.find(grant => grant.grantId === grantId)?.dueAt);
      });

      it('goes on after a page although its grants have moved on meanwhile, as a sweep makes them', async () => {
        const ids = idsOfLane(lane, 230);
        await Promise.all(ids.map((grantId, i) => put(store, grantOf(grantId, { dueAt: start + i }))));
        const seen: string[] = [];
        let after: DueHint | undefined;
        do {
          const page = await store.due(lane, start + 1000, after);
          await Promise.all(page.hints.map(hint => store.postpone(hint, start + 1_000_000)));
          seen.push(...page.hints.map(({ grantId }) => grantId));
          after = page.next;
        } while (after !== undefined);
        expect(seen).toEqual(ids);
        expect(await allDue(store, lane, start + 1000)).toEqual([]);
      });
    });

    describe('the list of a state', () => {
      it('is in order of the ids, without other states', async () => {
        for (const grantId of ['b', 'a', 'C', '_', '1']) await put(store, grantOf(grantId));
        await put(store, grantOf('other', { state: 'revoked' }));
        expect(await allOf(store, 'active', 10)).toMatchObject([
          [{ grantId: '1' }, { grantId: 'C' }, { grantId: '_' }, { grantId: 'a' }, { grantId: 'b' }],
        ]);
        expect((await allOf(store, 'revoked', 10)).flat()).toMatchObject([{ grantId: 'other' }]);
        expect((await allOf(store, 'revoking', 10)).flat()).toEqual([]);
        expect(await store.list('revoking', 10)).toStrictEqual({ grants: [] });
      });

      it('says everything of a grant but its token material', async () => {
        await put(store, fullGrant);
        await put(store, { ...bareGrant, grantId: 'bare', state: 'active' });
        const [grants = []] = await allOf(store, 'active', 10);
        expect(grants).toStrictEqual([
          summaryOf(fullGrant),
          summaryOf({ ...bareGrant, grantId: 'bare', state: 'active' }),
        ]);
        for (const secret of Object.values(secrets)) expect(JSON.stringify(grants)).not.toContain(secret);
      });

      it.each([1, 7, 100])(
        'comes in pages of at most %i, with nothing missing and nothing twice',
        async limit => {
          const ids = Array.from({ length: limit === 1 ? 12 : 230 }, (_, i) => `grant-${i}`);
          await Promise.all(ids.map(grantId => put(store, grantOf(grantId))));
          const pages = await allOf(store, 'active', limit);
          expect(Math.max(...pages.map(page => page.length))).toBe(limit);
          expect(pages.flat().map(({ grantId }) => grantId)).toEqual([...ids].sort());
        },
      );

      it('goes on after a grant that has left the state meanwhile', async () => {
        for (const grantId of ['a', 'b', 'c', 'd']) await put(store, grantOf(grantId));
        const { next } = await store.list('active', 2);
        expect(next).toBe('b');
        await store.grants.write('b', await store.grants.get('b'), grantOf('b', { state: 'revoking' }));
        expect((await store.list('active', 2, next)).grants).toMatchObject([
          { grantId: 'c' },
          { grantId: 'd' },
        ]);
      });

      it('follows a grant from state to state', async () => {
        const stored = await put(store, grantOf('a'));
        await store.grants.write('a', stored, grantOf('a', { state: 'reauthorize' }));
        expect((await store.list('active', 10)).grants).toEqual([]);
        expect((await store.list('reauthorize', 10)).grants).toMatchObject([{ grantId: 'a' }]);
      });
    });

    describe('postponing', () => {
      const hint = { grantId: fullGrant.grantId, dueAt: fullGrant.dueAt ?? 0 };

      it('moves the due time, and nothing else', async () => {
        await put(store, fullGrant);
        await store.postpone(hint, start + 100);
        expect((await store.grants.get(hint.grantId))?.value).toStrictEqual({
          ...fullGrant,
          dueAt: start + 100,
        });
        expect(await allDue(store, laneOf(hint.grantId))).toStrictEqual([{ ...hint, dueAt: start + 100 }]);
      });

      it.each([
        ['has another due time by now', { ...fullGrant, dueAt: start + 50 }],
        ['is not scheduled any more', withoutDueTime(fullGrant)],
      ])('leaves alone a record that %s', async (_, now) => {
        const stored = await put(store, now);
        await store.postpone(hint, start + 100);
        expect(await store.grants.get(hint.grantId)).toStrictEqual(stored);
      });

      it('does not create what is not there', async () => {
        await store.postpone(hint, start + 100);
        expect(await store.grants.get(hint.grantId)).toBeUndefined();
        expect(await allDue(store, laneOf(hint.grantId))).toEqual([]);
      });

      it('makes a new version: a change computed before it does not land on it', async () => {
        const stored = await put(store, fullGrant);
        await store.postpone(hint, start + 100);
        expect(await store.grants.write(hint.grantId, stored, bareGrant)).toMatchObject({
          ok: false,
          current: { value: { dueAt: start + 100 } },
        });
      });
    });
  });
};
