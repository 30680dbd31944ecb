/** The grant store on DynamoDB. Every write is conditional, and every read of a record is strongly consistent. */
import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { GrantState, GrantSummary } from '../domain/grant.ts';
import type { DueHint, GrantStore } from '../keeper/ports.ts';
import { createRecords, type Item, keyOf } from './items.ts';
import { claimCodec, decodeSummary, grantCodec, standingCodec, summaryAttributes } from './records.ts';
import { table } from './table.ts';

/** Hints a page: enough to keep a sweep busy, few enough to be read at once. */
const duePageSize = 100;
const maxBatchRounds = 8;

const grantIdOf = (pk: string): string => pk.slice(grantCodec.keyPrefix.length);

const isGrantKey = (value: AttributeValue | undefined): boolean =>
  value?.S?.startsWith(grantCodec.keyPrefix) === true;

const readDue = async (
  client: DynamoDBClient,
  tableName: string,
  lane: number,
  now: number,
  after: DueHint | undefined,
): Promise<{ hints: DueHint[]; next?: DueHint }> => {
  const { name, partitionKey, sortKey } = table.dueIndex;
  const keyOfHint = ({ grantId, dueAt }: DueHint): Item =>
    marshall({
      [table.partitionKey]: grantCodec.keyPrefix + grantId,
      [partitionKey]: lane,
      [sortKey]: dueAt,
    });
  const hintOf = (item: Item): DueHint => ({
    grantId: grantIdOf(item[table.partitionKey]?.S ?? ''),
    dueAt: Number(item[sortKey]?.N),
  });
  const answer = await client.send(
    new QueryCommand({
      TableName: tableName,
      IndexName: name,
      KeyConditionExpression: '#lane = :lane AND #dueAt <= :now',
      ExpressionAttributeNames: { '#lane': partitionKey, '#dueAt': sortKey },
      ExpressionAttributeValues: marshall({ ':lane': lane, ':now': now }),
      Limit: duePageSize,
      ...(after !== undefined && { ExclusiveStartKey: keyOfHint(after) }),
    }),
  );
  const hints = (answer.Items ?? []).filter(item => isGrantKey(item[table.partitionKey])).map(hintOf);
  return answer.LastEvaluatedKey === undefined ? { hints } : { hints, next: hintOf(answer.LastEvaluatedKey) };
};

const readKeysByState = async (
  client: DynamoDBClient,
  tableName: string,
  state: GrantState,
  limit: number,
  after: string | undefined,
): Promise<{ keys: Item[]; next?: string }> => {
  const { name, partitionKey, sortKey } = table.stateIndex;
  const { Items: items = [], LastEvaluatedKey: last } = await client.send(
    new QueryCommand({
      TableName: tableName,
      IndexName: name,
      // What is no grant is left out here: a page could not be continued after it.
      KeyConditionExpression: '#state = :state AND begins_with(#pk, :grants)',
      ExpressionAttributeNames: { '#state': partitionKey, '#pk': sortKey },
      ExpressionAttributeValues: marshall({ ':state': state, ':grants': grantCodec.keyPrefix }),
      Limit: limit,
      ...(after !== undefined && {
        ExclusiveStartKey: marshall({ [partitionKey]: state, [sortKey]: grantCodec.keyPrefix + after }),
      }),
    }),
  );
  const keys = items.map(item => keyOf(item[sortKey]?.S ?? ''));
  return last === undefined ? { keys } : { keys, next: grantIdOf(last[sortKey]?.S ?? '') };
};

const readSummaries = async (client: DynamoDBClient, tableName: string, keys: Item[]): Promise<Item[]> => {
  const names = Object.fromEntries([...summaryAttributes].map((name, index) => [`#n${index}`, name]));
  const found: Item[] = [];
  let left = keys;
  for (let round = 0; left.length > 0; round += 1) {
    if (round === maxBatchRounds) throw new Error('the table is too busy to list grants');
    const answer = await client.send(
      new BatchGetItemCommand({
        RequestItems: {
          [tableName]: {
            Keys: left,
            ProjectionExpression: Object.keys(names).join(', '),
            ExpressionAttributeNames: names,
          },
        },
      }),
    );
    found.push(...(answer.Responses?.[tableName] ?? []));
    left = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
  return found;
};

const summariesOf = (items: Item[], state: GrantState): GrantSummary[] =>
  items
    .flatMap(item => {
      try {
        return [decodeSummary(unmarshall(item))];
      } catch {
        // The sweep reports what cannot be read; a listing goes on without it.
        return [];
      }
    })
    .filter(summary => summary.state === state)
    .sort((a, b) => (a.grantId < b.grantId ? -1 : 1));

/** `newNonce`: a value never used before, for each write. */
export const createGrantStore = (
  client: DynamoDBClient,
  tableName: string,
  newNonce: () => string,
): GrantStore => ({
  grants: createRecords(client, tableName, grantCodec, newNonce),
  claims: createRecords(client, tableName, claimCodec, newNonce),
  standings: createRecords(client, tableName, standingCodec, newNonce),
  due: (lane, now, after) => readDue(client, tableName, lane, now, after),
  list: async (state, limit, after) => {
    const { keys, next } = await readKeysByState(client, tableName, state, limit, after);
    const grants = summariesOf(await readSummaries(client, tableName, keys), state);
    return next === undefined ? { grants } : { grants, next };
  },
  postpone: async ({ grantId, dueAt: seen }, dueAt) => {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: keyOf(grantCodec.keyPrefix + grantId),
          UpdateExpression: 'SET #dueAt = :dueAt, #nonce = :nonce',
          ConditionExpression: '#dueAt = :seen',
          ExpressionAttributeNames: { '#dueAt': table.dueIndex.sortKey, '#nonce': 'nonce' },
          ExpressionAttributeValues: marshall({ ':dueAt': dueAt, ':seen': seen, ':nonce': newNonce() }),
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  },
});
