/** What an embedded database cannot show: lost answers, `ALL_OLD`, throttling, unprocessed keys, a service that does not answer. */
import { randomUUID } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGrantStore } from '../../functions/adapters/grant-store.ts';
import { grantCodec } from '../../functions/adapters/records.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import { UnreadableRecordError } from '../../functions/keeper/ports.ts';
import { clientFor, startTestDatabase, type TestDatabase } from './database.ts';
import { bareGrant, fullGrant, grantOf, secrets } from './grants.ts';

const tableName = 'table';
const { grantId } = fullGrant;

const itemOf = (grant: Grant, nonce: string): Record<string, AttributeValue> =>
  marshall(
    { ...grantCodec.encode(grant), pk: grantCodec.keyPrefix + grant.grantId, nonce },
    { removeUndefinedValues: true },
  );

const mockDynamo = () => mockClient(DynamoDBClient);

const conditionFailed = (item?: Record<string, AttributeValue>) =>
  new ConditionalCheckFailedException({
    $metadata: {},
    message: 'The conditional request failed',
    ...(item && { Item: item }),
  });

describe('a failed condition', () => {
  let aws: ReturnType<typeof mockDynamo>;
  let nonces: number;
  const open = () => createGrantStore(new DynamoDBClient({}), tableName, () => `nonce-${++nonces}`);
  const mine = 'nonce-1';
  const previous = { value: bareGrant, nonce: 'nonce-0' };

  beforeEach(() => {
    nonces = 0;
    aws = mockDynamo();
  });
  afterEach(() => aws.restore());

  const fails = (item?: Record<string, AttributeValue>, stored?: Record<string, AttributeValue>) => {
    aws.on(UpdateItemCommand).rejects(conditionFailed(item));
    aws.on(GetItemCommand).resolves(stored ? { Item: stored } : {});
  };
  const reads = () => aws.commandCalls(GetItemCommand);

  it.each([
    ['a change', previous],
    ['a creation', undefined],
  ])('asks for what is stored: %s', async (_, before) => {
    fails(itemOf(fullGrant, 'nonce-7'));
    await open().grants.write(grantId, before, fullGrant);
    const inputs = aws.commandCalls(UpdateItemCommand).map(({ args }) => args[0].input);
    expect(inputs).toMatchObject([{ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }]);
  });

  it.each([
    ['a change', previous],
    ['a creation', undefined],
  ])(
    'that carries our own nonce was our first try, whose answer was lost: %s was written',
    async (_, before) => {
      fails(itemOf(fullGrant, mine));
      expect(await open().grants.write(grantId, before, fullGrant)).toStrictEqual({
        ok: true,
        stored: { value: fullGrant, nonce: mine },
      });
      expect(reads()).toEqual([]);
    },
  );

  it('without what is stored is followed by a strongly consistent read, and our own nonce found there is a success', async () => {
    fails(undefined, itemOf(fullGrant, mine));
    expect(await open().grants.write(grantId, previous, fullGrant)).toStrictEqual({
      ok: true,
      stored: { value: fullGrant, nonce: mine },
    });
    expect(reads().map(({ args }) => args[0].input)).toEqual([
      { TableName: tableName, Key: { pk: { S: `grant#${grantId}` } }, ConsistentRead: true },
    ]);
  });

  it.each([
    ['told at once', itemOf(bareGrant, 'nonce-of-another'), undefined],
    ['read again', undefined, itemOf(bareGrant, 'nonce-of-another')],
  ])("with somebody else's nonce is a conflict: %s", async (_, item, stored) => {
    fails(item, stored);
    expect(await open().grants.write(grantId, previous, fullGrant)).toStrictEqual({
      ok: false,
      current: { value: bareGrant, nonce: 'nonce-of-another' },
    });
    expect(reads().length).toBe(item === undefined ? 1 : 0);
  });

  it('with the nonce of the version that was read is a conflict as well, not a success', async () => {
    fails(itemOf(bareGrant, previous.nonce));
    expect(await open().grants.write(grantId, previous, fullGrant)).toMatchObject({ ok: false });
  });

  it('on a record that is gone is a conflict with nothing', async () => {
    fails(undefined, undefined);
    expect(await open().grants.write(grantId, previous, fullGrant)).toStrictEqual({
      ok: false,
      current: undefined,
    });
  });

  it('on a record that cannot be read says so, and nothing of its content', async () => {
    fails({ ...itemOf(fullGrant, 'nonce-7'), schemaVersion: { N: '2' } });
    const writing = open().grants.write(grantId, previous, bareGrant);
    await expect(writing).rejects.toThrow(UnreadableRecordError);
    const error = await writing.catch(caught => caught);
    for (const secret of Object.values(secrets))
      expect(String(error.stack) + error.cause).not.toContain(secret);
  });

  it('followed by a read that fails is an error: nothing is reported as written, nor as a conflict', async () => {
    aws.on(UpdateItemCommand).rejects(conditionFailed());
    aws.on(GetItemCommand).rejects(new Error('the table is down'));
    await expect(open().grants.write(grantId, previous, fullGrant)).rejects.toThrow('the table is down');
  });

  it('of a postponement is nothing to be told of', async () => {
    fails();
    await expect(open().postpone({ grantId, dueAt: 1 }, 2)).resolves.toBeUndefined();
  });

  it('each write has a nonce of its own', async () => {
    aws.on(UpdateItemCommand).resolves({});
    const store = open();
    await store.grants.write(grantId, undefined, fullGrant);
    await store.claims.write('x', undefined, { app: 'main', ownerId: '1', grantId });
    await store.postpone({ grantId, dueAt: 1 }, 2);
    const values = aws
      .commandCalls(UpdateItemCommand)
      .map(({ args }) => args[0].input.ExpressionAttributeValues);
    expect(values).toMatchObject([
      { ':nonce': { S: 'nonce-1' } },
      { ':nonce': { S: 'nonce-2' } },
      { ':nonce': { S: 'nonce-3' } },
    ]);
  });

  it.each([
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'ThrottlingException',
    'InternalServerError',
    'TransactionConflictException',
    'TimeoutError',
  ])('is not the same as %s: that is an error, and nothing is reported as written', async name => {
    aws.onAnyCommand().rejects(Object.assign(new Error('from AWS'), { name }));
    const store = open();
    await expect(store.grants.write(grantId, previous, fullGrant)).rejects.toThrow('from AWS');
    await expect(store.grants.get(grantId)).rejects.toThrow('from AWS');
    await expect(store.due(0, 1)).rejects.toThrow('from AWS');
    await expect(store.list('active', 10)).rejects.toThrow('from AWS');
    await expect(store.postpone({ grantId, dueAt: 1 }, 2)).rejects.toThrow('from AWS');
  });

  describe('a listing', () => {
    const grants = ['a', 'b', 'c'].map(id => grantOf(id));
    const keyOf = (id: string) => ({ pk: { S: `grant#${id}` } });
    const pageOf = (...ids: string[]) =>
      aws.on(QueryCommand).resolves({ Items: ids.map(id => ({ ...keyOf(id), state: { S: 'active' } })) });
    const answer = (found: string[], left: string[] = []) => ({
      Responses: { [tableName]: grants.filter(g => found.includes(g.grantId)).map(g => itemOf(g, 'n')) },
      UnprocessedKeys: left.length > 0 ? { [tableName]: { Keys: left.map(keyOf) } } : {},
    });
    const asked = () =>
      aws.commandCalls(BatchGetItemCommand).map(({ args }) => args[0].input.RequestItems ?? {});

    it('asks again for the keys that were not processed, those only, and projects no secret then either', async () => {
      pageOf('a', 'b', 'c');
      aws
        .on(BatchGetItemCommand)
        .resolvesOnce(answer(['b'], ['a', 'c']))
        .resolvesOnce(answer(['c'], ['a']))
        .resolves(answer(['a']));
      const page = await open().list('active', 10);
      expect(page.grants.map(grant => grant.grantId)).toEqual(['a', 'b', 'c']);
      expect(asked().map(items => items[tableName]?.Keys)).toEqual([
        ['a', 'b', 'c'].map(keyOf),
        ['a', 'c'].map(keyOf),
        [keyOf('a')],
      ]);
      expect(JSON.stringify(asked())).not.toMatch(/accessToken"|refreshToken"|retired"/);
    });

    it('gives up after a bounded number of rounds', async () => {
      pageOf('a');
      aws.on(BatchGetItemCommand).resolves(answer([], ['a']));
      await expect(open().list('active', 10)).rejects.toThrow('the table is too busy to list grants');
      expect(asked().length).toBe(8);
    });

    it('asks for nothing where a page is empty, and goes on after it', async () => {
      aws
        .on(QueryCommand)
        .resolves({ Items: [], LastEvaluatedKey: { ...keyOf('b'), state: { S: 'active' } } });
      expect(await open().list('active', 10)).toEqual({ grants: [], next: 'b' });
      expect(asked()).toEqual([]);
    });

    it('leaves out a grant that is gone or has another state by now: the index is behind', async () => {
      pageOf('a', 'b', 'c');
      aws.on(BatchGetItemCommand).resolves({
        Responses: {
          [tableName]: [itemOf(grantOf('b', { state: 'revoking' }), 'n'), itemOf(grantOf('c'), 'n')],
        },
      });
      expect((await open().list('active', 10)).grants).toMatchObject([{ grantId: 'c' }]);
    });
  });
});

type Behave = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** The options that `functions/runtime.ts` gives every SDK client, with shorter times. */
const clientOptions = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 150,
    requestTimeout: 150,
    socketTimeout: 150,
    throwOnRequestTimeout: true,
  },
};

describe('the SDK, with the options of the functions', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  const serve = async (behave: Behave) => {
    let requests = 0;
    const server = createServer(async (request, response) => {
      requests += 1;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      behave(request, response, Buffer.concat(chunks));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const client = clientFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, clientOptions);
    closers.push(() => client.destroy());
    return { client, store: createGrantStore(client, tableName, randomUUID), requests: () => requests };
  };

  const errorOf = (type: string, status = 400): Behave => {
    return (_request, response) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(
        JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'slow down' }),
      );
    };
  };

  it.each([
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 400],
    ['InternalServerError', 500],
  ])('tries %s three times, and then it is an error', async (type, status) => {
    const { store, requests } = await serve(errorOf(type, status));
    await expect(store.grants.write(grantId, undefined, fullGrant)).rejects.toMatchObject({ name: type });
    expect(requests()).toBe(3);
  });

  it('does not repeat what is wrong with the request itself', async () => {
    const { store, requests } = await serve(errorOf('ValidationException'));
    await expect(store.grants.write(grantId, undefined, fullGrant)).rejects.toThrow();
    expect(requests()).toBe(1);
  });

  it('ends a request that is accepted and never answered, and gives up after three', async () => {
    const { store, requests } = await serve(() => {});
    const startedAt = performance.now();
    await expect(store.grants.get(grantId)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(requests()).toBe(3);
  });

  it('ends a request whose answer stops in the middle', async () => {
    const { store } = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'content-length': '1000' });
      response.write('{"Item":');
    });
    const startedAt = performance.now();
    const outcome = await Promise.race([
      store.grants.get(grantId).then(
        () => 'read',
        () => 'failed',
      ),
      new Promise(resolve => setTimeout(resolve, 20_000, 'still waiting')),
    ]);
    expect([outcome, performance.now() - startedAt]).toEqual(['failed', expect.any(Number)]);
  });

  it('fails at once, thrice, where nobody listens', async () => {
    const { client } = await serve(() => {});
    for (const close of closers.splice(0)) close();
    const store = createGrantStore(client, tableName, randomUUID);
    await expect(store.grants.get(grantId)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('an answer that is lost between the table and us', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.close());

  /** In front of the table: passes everything on, and cuts the connection instead of giving the first answer to an update. */
  const losingFirstUpdate = async () => {
    let lost = 0;
    const proxy = createServer((request, response) => {
      const upstream = httpRequest(database.url, { method: 'POST', headers: request.headers }, answer => {
        if (request.headers['x-amz-target']?.toString().endsWith('UpdateItem') && lost === 0) {
          lost += 1;
          answer.resume().once('end', () => response.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(upstream);
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    const client = clientFor(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, clientOptions);
    return {
      client,
      lost: () => lost,
      close: () => {
        client.destroy();
        proxy.close();
        proxy.closeAllConnections();
      },
    };
  };

  it.each(['creating', 'changing'])('does not make a conflict of our own write: %s', async what => {
    const table = await database.table();
    const created =
      what === 'changing' ? await table.store.grants.write(grantId, undefined, bareGrant) : undefined;
    const proxy = await losingFirstUpdate();
    try {
      const store = createGrantStore(proxy.client, table.tableName, randomUUID);
      const written = await store.grants.write(grantId, created?.ok ? created.stored : undefined, fullGrant);
      expect(proxy.lost()).toBe(1);
      expect(written).toStrictEqual({ ok: true, stored: await table.store.grants.get(grantId) });
      expect(written).toMatchObject({ stored: { value: fullGrant } });
    } finally {
      proxy.close();
    }
  });
});
