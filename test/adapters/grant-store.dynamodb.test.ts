import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { grantCodec } from '../../functions/adapters/records.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import { UnreadableRecordError } from '../../functions/keeper/ports.ts';
import { start } from '../domain/grants.ts';
import { type SentRequest, startTestDatabase, type TestDatabase, type TestTable } from './database.ts';
import { describeGrantStore } from './grant-store.contract.ts';
import { fullGrant, grantOf, secrets } from './grants.ts';

let database: TestDatabase;
let table: TestTable;

beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database.close());

const openTable = async (): Promise<TestTable> => {
  table = await database.table();
  return table;
};

const namesIn = ({ input }: SentRequest): string[] => Object.values(input.ExpressionAttributeNames ?? {});

const checkRequest = (request: SentRequest): void => {
  const { command, input } = request;
  switch (command) {
    case 'GetItemCommand':
      expect(input).toMatchObject({ ConsistentRead: true });
      break;
    case 'UpdateItemCommand': {
      // The only conditions there are: the version, the absence, and (postponing) the due time.
      const condition = input.ConditionExpression as string;
      expect(condition).toMatch(/^(#nonce = :previous|attribute_not_exists\(#pk\)|#dueAt = :seen)$/);
      const name = /#\w+/.exec(condition)?.[0] ?? '';
      expect(input.ExpressionAttributeNames[name]).toBe(name.slice(1));
      break;
    }
    case 'QueryCommand':
      expect(input).toMatchObject({ IndexName: expect.any(String), Limit: expect.any(Number) });
      expect(input).not.toHaveProperty('FilterExpression');
      break;
    case 'BatchGetItemCommand': {
      const [read] = Object.values<Record<string, unknown>>(input.RequestItems);
      const projected = String(read?.ProjectionExpression).split(', ');
      const names = read?.ExpressionAttributeNames as Record<string, string>;
      expect(projected.sort()).toEqual(Object.keys(names).sort());
      for (const secret of ['accessToken', 'refreshToken', 'retired'])
        expect(Object.values(names)).not.toContain(secret);
      break;
    }
    default:
      expect.unreachable(`the store sent ${command}`);
  }
};

// Whatever a test does, the store asks for nothing else and writes nothing without a condition.
afterEach(() => {
  expect(table.requests.length).toBeGreaterThan(0);
  for (const request of table.requests) checkRequest(request);
});

describeGrantStore('the grant store on DynamoDB', async () => (await openTable()).store);

describe('on DynamoDB', () => {
  const { grantId } = fullGrant;
  const pk = grantCodec.keyPrefix + grantId;
  beforeEach(openTable);

  const put = async (grant: Grant) => {
    const written = await table.store.grants.write(grant.grantId, undefined, grant);
    if (!written.ok) throw new Error('it was there already');
    return written.stored;
  };

  it('a rotation writes neither key of the state index, nor the lane', async () => {
    const { tokens } = fullGrant;
    if (tokens === undefined) throw new Error('no tokens');
    const stored = await put(fullGrant);
    const rotated = { ...tokens, accessToken: 'access-2', refreshToken: 'refresh-2' };
    await table.store.grants.write(grantId, stored, {
      ...fullGrant,
      tokens: rotated,
      generation: 8,
      dueAt: start + 99,
    });
    const update = table.requests.at(-1);
    expect(update?.command).toBe('UpdateItemCommand');
    expect(update && namesIn(update).sort()).toEqual([
      'accessToken',
      'dueAt',
      'generation',
      'nonce',
      'refreshToken',
    ]);
  });

  it('a write touches only what has changed, and takes away what is gone', async () => {
    const { label: _, tokens: __, holdUntil: ___, deleteAt: ____, ...less } = fullGrant;
    await table.store.grants.write(grantId, await put(fullGrant), less);
    const record = await table.read(pk);
    for (const gone of [
      ...['label', 'holdUntil', 'deleteAtSeconds', 'accessToken', 'refreshToken', 'scope', 'tokenType'],
      ...['accessExpiresAt', 'accessLifetimeMs', 'refreshExpiresAt'],
    ])
      expect(record).not.toHaveProperty(gone);
    expect(record).toMatchObject({ attemptId: 'attempt-1', lane: laneOf(grantId) });
  });

  it('no secret is stored under a name but those that IAM and projections know', async () => {
    await put(fullGrant);
    const { accessToken, refreshToken, retired, ...rest } = (await table.read(pk)) ?? {};
    expect([accessToken, refreshToken]).toEqual([secrets.accessToken, secrets.refreshToken]);
    expect(JSON.stringify(retired)).toContain(secrets.retired);
    for (const secret of Object.values(secrets)) expect(JSON.stringify(rest)).not.toContain(secret);
  });

  it('the expiry is in whole seconds, as the TTL wants it', async () => {
    await put(fullGrant);
    expect(await table.read(pk)).toMatchObject({ deleteAtSeconds: (fullGrant.deleteAt ?? 0) / 1000 });
  });

  it.each(['grant', 'claim', 'standing'])(
    'attributes of a future version survive a write of a %s',
    async kind => {
      const { grants, claims, standings } = table.store;
      const claim = { app: 'main', ownerId: '1001', grantId };
      const standing = { name: 'main', failures: 0, refused: [] };
      const [key, write] = {
        grant: [
          pk,
          async () => grants.write(grantId, await grants.get(grantId), { ...fullGrant, generation: 8 }),
        ],
        claim: ['owner#c', async () => claims.write('c', await claims.get('c'), { ...claim, grantId: 'b' })],
        standing: [
          'app#s',
          async () => standings.write('s', await standings.get('s'), { ...standing, failures: 1 }),
        ],
      }[kind] as [string, () => Promise<{ ok: boolean }>];
      await put(fullGrant);
      await claims.write('c', undefined, claim);
      await standings.write('s', undefined, standing);
      const fromTheFuture = { hue: 'mauve', parts: [{ a: 1 }] };
      await table.plant({ ...(await table.read(key)), ...fromTheFuture });
      expect((await write()).ok).toBe(true);
      expect(await table.read(key)).toMatchObject(fromTheFuture);
      expect((await write()).ok).toBe(true);
      expect(await table.read(key)).toMatchObject(fromTheFuture);
    },
  );

  describe('a record in a shape that is not known', () => {
    type Shape = [string, Record<string, unknown>];
    const shapes: Shape[] = [
      ['no nonce', { nonce: undefined }],
      ['a nonce that is no text', { nonce: 7 }],
      ['a future schema version', { schemaVersion: 2 }],
      ['no schema version', { schemaVersion: undefined }],
      ['a state that nobody knows', { state: 'resting-state' }],
      ['a strategy that nobody knows', { strategy: 'monthly-strategy' }],
      ['a generation as text', { generation: 'seventh-generation' }],
      ['a negative generation', { generation: -7 }],
      ['a broken time', { accessExpiresAt: 1.5 }],
      ['a time beyond all numbers', { cacheUntil: 9007199254740993n }],
      ['a time that no date can show', { holdUntil: 8.64e15 + 1 }],
      ['a binary access token', { accessToken: Buffer.from(secrets.accessToken) }],
      ['an access token that is a list', { accessToken: [secrets.accessToken] }],
      ['an empty access token', { accessToken: '' }],
      ['an access token and no expiry', { accessExpiresAt: undefined }],
      ['an expiry and no access token', { accessToken: undefined }],
      ['a retired token that is text', { retired: [secrets.retired] }],
      ['a retired token without its server', { retired: [{ token: secrets.retired }] }],
      ['no list of retired tokens', { retired: undefined }],
      ['a claim that is text', { claimed: 'claimed-yes' }],
      ['an id outside the alphabet', { grantId: 'Bearer eyJ.token' }],
      ['an announcement that nobody knows', { announcement: 'Grant Lost In Mail' }],
      ['the id of another grant, of which it is a copy', { grantId: 'acme:another' }],
      ['an attempt without an end', { attemptEndsAt: undefined }],
      ['a refresh sent by nobody', { sentBy: undefined }],
      [
        'a refresh token and no access token',
        { accessToken: undefined, accessExpiresAt: undefined, accessLifetimeMs: undefined },
      ],
    ];
    const garbage: Shape = [
      'nothing but garbage',
      { gibberish: 'SECRET-gibberish', dueAt: start, lane: laneOf(grantId) },
    ];

    const plantOver = async (change: Record<string, unknown>, id = grantId) => {
      const key = grantCodec.keyPrefix + id;
      await table.plant({ ...('gibberish' in change ? { pk: key } : await table.read(key)), ...change });
    };

    const plant = async (change: Record<string, unknown>, grant = fullGrant) => {
      await put(grant);
      await plantOver(change, grant.grantId);
    };

    const failure = async (operation: () => Promise<unknown>): Promise<unknown> => {
      try {
        await operation();
      } catch (error) {
        return error;
      }
      return expect.unreachable('it was read');
    };

    it.each([...shapes, garbage])(
      '%s: cannot be read, and the error says nothing of it',
      async (_, change) => {
        await plant(change);
        const error = await failure(() => table.store.grants.get(grantId));
        expect(error).toBeInstanceOf(UnreadableRecordError);
        expect((error as Error).name).toBe('UnreadableRecordError');
        expect((error as Error).message).toBe(`${pk} has a shape that is not known here`);
        const said = [String(error), JSON.stringify(error), inspect((error as Error).cause)].join();
        const values = Object.entries((await table.read(pk)) ?? {}).flatMap(([name, value]) =>
          name === 'pk' || value === grantId ? [] : [String(value)],
        );
        for (const value of [...values, ...Object.values(secrets)].filter(each => each.length > 2))
          expect(said).not.toContain(value);
      },
    );

    it.each([...shapes, garbage])('%s: cannot be overwritten', async (_, change) => {
      const stored = await put(fullGrant);
      await plantOver({ nonce: 'of somebody else', ...change });
      const before = await table.read(pk);
      for (const previous of [stored, undefined])
        await expect(table.store.grants.write(grantId, previous, fullGrant)).rejects.toThrow(
          UnreadableRecordError,
        );
      expect(await table.read(pk)).toStrictEqual(before);
    });

    it.each([...shapes, garbage])('%s: is due all the same, and can be put aside', async (_, change) => {
      await plant(change);
      const lane = laneOf(grantId);
      const { hints } = await table.store.due(lane, start + 1000);
      const [hint] = hints;
      if (hint === undefined) return expect.unreachable('it is not due');
      expect(hint.grantId).toBe(grantId);
      await table.store.postpone({ ...hint, dueAt: hint.dueAt - 1 }, start + 5000);
      expect((await table.store.due(lane, start + 1000)).hints).toEqual(hints);
      await table.store.postpone(hint, start + 5000);
      expect((await table.store.due(lane, start + 1000)).hints).toEqual([]);
      expect((await table.store.due(lane, start + 5000)).hints).toEqual([{ grantId, dueAt: start + 5000 }]);
    });

    it('does not keep the others from being listed', async () => {
      for (const [index, [, change]] of shapes.entries()) {
        const { state: _state, grantId: _id, ...rest } = change;
        await plant(rest, { ...fullGrant, grantId: `bad-${index}` });
      }
      await put(grantOf('a-good-one'));
      await put(grantOf('the-last'));
      const { grants } = await table.store.list('active', 100);
      const ids = grants.map(grant => grant.grantId);
      expect(ids[0]).toBe('a-good-one');
      expect(ids.at(-1)).toBe('the-last');
      for (const secret of Object.values(secrets)) expect(JSON.stringify(grants)).not.toContain(secret);
    });

    it('does not keep the next page from being read, even where a whole page is unreadable', async () => {
      for (const id of ['a', 'b', 'c']) await plant({ schemaVersion: 2 }, { ...fullGrant, grantId: id });
      await put(grantOf('d'));
      const first = await table.store.list('active', 3);
      expect(first).toEqual({ grants: [], next: 'c' });
      expect((await table.store.list('active', 3, first.next)).grants).toMatchObject([{ grantId: 'd' }]);
    });

    it.each(['a', 'app#main', 'owner#main/1', 'zzz'])(
      'of %s, which is no grant, is not in the way of a listing, even where it has a state',
      async key => {
        await put(grantOf('b'));
        await table.plant({ pk: key, state: 'active' });
        const listed: string[] = [];
        let after: string | undefined;
        for (let pages = 0; pages < 4; pages += 1) {
          const { grants, next } = await table.store.list('active', 1, after);
          listed.push(...grants.map(grant => grant.grantId));
          if (next === undefined) break;
          after = next;
        }
        expect(listed).toEqual(['b']);
      },
    );

    it('that was copied from another grant is not listed as that grant', async () => {
      await put(fullGrant);
      await table.plant({ ...(await table.read(pk)), pk: `${grantCodec.keyPrefix}copy` });
      const { grants } = await table.store.list(fullGrant.state, 10);
      expect(grants).toHaveLength(1);
    });

    it('of a kind that is not known here is passed over in both indexes', async () => {
      await put(grantOf(grantId, { dueAt: start }));
      const indexed = { lane: laneOf(grantId), dueAt: start, state: 'active', nonce: 'n' };
      await table.plant({ pk: 'thing#1', ...indexed });
      expect(await table.store.due(laneOf(grantId), start)).toEqual({ hints: [{ grantId, dueAt: start }] });
      expect((await table.store.list('active', 10)).grants.map(grant => grant.grantId)).toEqual([grantId]);
    });

    it.each([
      ['claims', 'owner#x', { app: 'main', ownerId: 7, grantId: 'a', nonce: 'n' }],
      ['claims', 'owner#x', { app: 'main', ownerId: '7', nonce: 'n' }],
      ['standings', 'app#x', { name: 'main', failures: 'many', refused: [], nonce: 'n' }],
      ['standings', 'app#x', { name: 'main', failures: 0, refused: ['a'] }],
    ] as const)('of %s (%s) raises the same error', async (kind, key, record) => {
      await table.plant({ pk: key, ...record });
      await expect(table.store[kind].get('x')).rejects.toThrow(UnreadableRecordError);
    });
  });
});
