/** Whatever is stored, by a version to come or by somebody's hand: nobody stumbles over it, and it stops no other grant. */
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimCodec } from '../../functions/adapters/records.ts';
import { decodeCursor, encodeCursor } from '../../functions/api/cursor.ts';
import { toProblem } from '../../functions/api/problems.ts';
import { viewGrant } from '../../functions/api/views.ts';
import { heldUntil } from '../../functions/domain/app.ts';
import { grantStates, strategies } from '../../functions/domain/grant.ts';
import { defaultSettings } from '../../functions/domain/settings.ts';
import type { Fact } from '../../functions/keeper/facts.ts';
import { createKeeper, type Keeper } from '../../functions/keeper/keeper.ts';
import type { GrantEvent, GrantStore } from '../../functions/keeper/ports.ts';
import { clientFor, startTestDatabase, type TestDatabase } from '../adapters/database.ts';
import { grantOf } from '../adapters/grants.ts';
import { faultsBySchema } from '../api/contract.ts';
import { hour, start } from '../domain/grants.ts';
import { app, rotated } from '../keeper/world.ts';
import { isPolluted, secret } from './arbitraries.ts';
import {
  attributes,
  changed,
  healthyId,
  type Item,
  itemOf,
  known,
  lane,
  shapes,
  strangeId,
  strangeItems,
} from './items.ts';
import { patienceMs, runs } from './runs.ts';
import { openTable, type Table } from './table.ts';

const now = start + hour;

let database: TestDatabase;
let client: ReturnType<typeof clientFor>;
let tableName: string;
let store: GrantStore;
let table: Table;
beforeAll(async () => {
  database = await startTestDatabase();
  client = clientFor(database.url);
  ({ tableName, store } = await database.table());
  table = openTable({ url: database.url, tableName });
});
afterAll(async () => {
  client.destroy();
  table.close();
  await database.close();
});

/** Whether DynamoDB would have stored it at all: the keys of its indexes have types. */
const plant = async (item: Item): Promise<boolean> => {
  try {
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'ValidationException') return false;
    throw error;
  }
};
const read = async (pk: string): Promise<Item | undefined> =>
  (
    await client.send(
      new GetItemCommand({ TableName: tableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
    )
  ).Item;
const healthyOwner = 'owner#main/1001';
const strangeOwner = 'owner#main/2002';
const standing = 'app#main';

/** A healthy grant whose refresh is due, and nothing else. */
const begin = async (): Promise<void> => {
  await table.empty();
  await plant(itemOf(grantOf(healthyId, { refreshAt: start, dueAt: start, cacheUntil: start })));
  await plant({
    pk: { S: healthyOwner },
    nonce: { S: 'stored' },
    ...marshall(claimCodec.encode({ app: 'main', ownerId: '1001', grantId: healthyId })),
  });
};

type Neighbours = { readonly keeper: Keeper; readonly facts: Fact[]; readonly events: GrantEvent[] };
const neighbours = (): Neighbours => {
  const facts: Fact[] = [];
  const events: GrantEvent[] = [];
  let ids = 0;
  let time = now;
  const keeper = createKeeper({
    store,
    settings: defaultSettings,
    clock: {
      now: () => time,
      sleep: async ms => {
        time += ms;
      },
    },
    randomness: { id: () => `id-${++ids}`, fraction: () => 0 },
    observe: fact => void facts.push(fact),
    apps: { all: async () => [app] },
    credentials: { all: async () => [] },
    events: { publish: async event => events.push(event) > 0 },
    tokenEndpoint: {
      refresh: async () => rotated(2),
      exchange: async () => rotated(2),
      mint: async () => rotated(2),
      revoke: async () => ({ kind: 'ended' }),
    },
  });
  return { keeper, facts, events };
};

const response = { ...(rotated(7) as { response: object }).response, ownerId: '2002' } as never;
const deadlineAt = now + hour;
const operations: Record<string, (keeper: Keeper) => Promise<unknown>> = {
  getToken: keeper => keeper.getToken(strangeId, { minTtlMs: 0 }, now + 29_000),
  report: keeper => keeper.getToken(strangeId, { minTtlMs: 0, rejectedGeneration: 7 }, now + 29_000),
  getGrant: async keeper => viewGrant(await keeper.getGrant(strangeId), now),
  reinstate: async keeper => viewGrant(await keeper.reinstateGrant(strangeId), now),
  revoke: async keeper => viewGrant(await keeper.revokeGrant(strangeId, deadlineAt), now),
  put: async keeper =>
    viewGrant((await keeper.putGrant(strangeId, { response, importHash: 'new' })).grant, now),
  replace: async keeper =>
    viewGrant(
      (await keeper.putGrant(strangeId, { response, importHash: 'new', ifGeneration: 7 })).grant,
      now,
    ),
  sweep: keeper => keeper.sweep({ lanes: [lane], dryRun: false, deadlineAt }),
};
const names = fc.array(fc.constantFrom(...Object.keys(operations)), { minLength: 1, maxLength: 3 });

const isReadable = async (): Promise<boolean> => {
  try {
    await store.grants.get(strangeId);
    return true;
  } catch (error) {
    expect((error as Error).name).toBe('UnreadableRecordError');
    return false;
  }
};

const views: readonly string[] = ['getGrant', 'reinstate', 'revoke', 'put', 'replace'];
const expectKnown = ({ state, strategy }: { state: string; strategy: string }): void => {
  expect(grantStates).toContain(state);
  expect(strategies).toContain(strategy);
};

const expectCleanly = async (name: string, operation: Promise<unknown>): Promise<void> => {
  try {
    const { accessToken: _, ...told } = (await operation) as { accessToken?: string };
    expect(JSON.stringify(told)).not.toContain(secret);
    if (views.includes(name)) expectKnown(told as never);
  } catch (error) {
    expect(['KeeperError', 'UnreadableRecordError']).toContain((error as Error).name);
    expect(faultsBySchema('Problem', toProblem(error))).toEqual([]);
    expect(JSON.stringify([toProblem(error), (error as Error).message])).not.toContain(secret);
  }
};

/** As a client reads it: page by page, by the cursor of the page before. */
const listed = async (keeper: Keeper): Promise<string[]> => {
  const found: string[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 20; pages += 1) {
    const position = cursor === undefined ? undefined : decodeCursor(cursor, undefined);
    const { grants, next } = await keeper.listGrants(undefined, 1, position);
    for (const grant of grants) expect(JSON.stringify(viewGrant(grant, now))).not.toContain(secret);
    found.push(...grants.map(({ grantId }) => grantId));
    if (next === undefined) return found;
    cursor = encodeCursor(next, undefined);
    expect(cursor.length).toBeLessThanOrEqual(512);
  }
  throw new Error('a listing without end');
};

const expectOthersWell = async ({ keeper, facts, events }: Neighbours): Promise<void> => {
  const report = await keeper.sweep({ lanes: [lane], dryRun: false, deadlineAt });
  expect(Object.values(report).every(count => Number.isFinite(count) && count >= 0)).toBe(true);
  const healthy = await store.grants.get(healthyId);
  expect(healthy?.value).toMatchObject({
    state: 'active',
    generation: 2,
    tokens: { accessToken: 'access-2' },
  });
  expect((await listed(keeper)).filter(id => id === healthyId)).toEqual([healthyId]);
  expect(JSON.stringify([facts, events])).not.toContain(secret);
  expect(isPolluted()).toBe(false);
};

const unknownOf = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !known.has(name)));
const lookedAfter = new Set(['dueAt', 'nonce']);
const contentOf = (item: Item): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !lookedAfter.has(name)));

describe('a record of a grant', () => {
  it(
    'of any shape is answered cleanly, keeps what is unknown, and stops no other grant',
    async () => {
      await fc.assert(
        fc.asyncProperty(strangeItems, names, async (item, todo) => {
          await begin();
          if (!(await plant(item))) return;
          const readable = await isReadable();
          const before = (await read(`grant#${strangeId}`)) ?? {};
          const world = neighbours();
          for (const name of ['getGrant', ...todo])
            await expectCleanly(name, operations[name]?.(world.keeper) ?? Promise.reject());
          await expectOthersWell(world);
          const after = (await read(`grant#${strangeId}`)) ?? {};
          expect(unknownOf(after)).toEqual(unknownOf(before));
          const readableNow = await isReadable();
          if (readable) expect(readableNow).toBe(true);
          // Putting a record aside gives it a nonce, which may be all that it lacked.
          if (!readableNow) expect(contentOf(after)).toEqual(contentOf(before));
        }),
        runs(60),
      );
    },
    patienceMs,
  );
});

describe('a record under any key', () => {
  const keys = fc.oneof(
    fc.constantFrom(
      'grant#',
      'grant# ',
      'grant#a b',
      'GRANT#x',
      'grant',
      'g',
      'zzz',
      'owner#main/3',
      'app#x',
      'app#main',
    ),
    fc.constantFrom(
      `grant#${healthyId} `,
      `grant#${'x'.repeat(1000)}`,
      'grant#__proto__',
      'grant#\u0000',
      'grant#é',
    ),
    fc.string({ minLength: 1, maxLength: 50 }).map(id => `grant#${id}`),
  );

  it(
    'stops no grant from being refreshed and listed',
    async () => {
      await fc.assert(
        fc.asyncProperty(keys, fc.constantFrom(...shapes), async (pk, grant) => {
          fc.pre(pk !== `grant#${healthyId}`);
          await begin();
          await plant({ ...itemOf(grant), pk: { S: pk } });
          await expectOthersWell(neighbours());
        }),
        runs(30),
      );
    },
    patienceMs,
  );
});

describe('a claim and a standing', () => {
  const claim = { app: 'main', ownerId: '2002', grantId: strangeId };
  const claims = fc
    .array(
      fc.tuple(
        fc.constantFrom('app', 'ownerId', 'grantId', 'nonce', 'new'),
        fc.option(attributes, { nil: undefined }),
      ),
      { maxLength: 2 },
    )
    .map(list =>
      list.reduce<Item>(changed, { ...marshall(claim), nonce: { S: 'n' }, pk: { S: strangeOwner } }),
    );
  const good = { name: 'main', failures: 1, refused: ['a', 'b'], succeededAt: start };
  const standings = fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'name',
          'failures',
          'refused',
          'holdUntil',
          'holdReason',
          'probeUntil',
          'succeededAt',
          'nonce',
          'new',
        ),
        fc.option(attributes, { nil: undefined }),
      ),
      { maxLength: 2 },
    )
    .map(list => list.reduce<Item>(changed, { ...marshall(good), nonce: { S: 'n' }, pk: { S: standing } }));

  const isHeld = async (): Promise<boolean> => {
    const stored = await store.standings.get('main').catch(() => undefined);
    return stored !== undefined && heldUntil(stored.value) > now;
  };

  it(
    'of any shape are answered cleanly and stop no grant but by a hold',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          claims,
          standings,
          fc.constantFrom(...shapes),
          names,
          async (claimed, stood, grant, todo) => {
            await begin();
            await plant(itemOf(grant));
            if (!(await plant(claimed)) || !(await plant(stood))) return;
            const unknown = async () => [(await read(strangeOwner))?.new, (await read(standing))?.new];
            const before = await unknown();
            const world = neighbours();
            fc.pre(!(await isHeld()));
            for (const name of ['getGrant', ...todo])
              await expectCleanly(name, operations[name]?.(world.keeper) ?? Promise.reject());
            await expectOthersWell(world);
            expect(await unknown()).toEqual(before);
          },
        ),
        runs(40),
      );
    },
    patienceMs,
  );
});
