/** Records in the table, by compare-and-set: reads are strongly consistent, and every write is conditional. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Stored } from '../domain/grant.ts';
import { type Records, UnreadableRecordError, type Written } from '../keeper/ports.ts';
import { writtenAfterConflict } from './conflict.ts';
import { type Attributes, compareAndSet } from './expressions.ts';
import { table } from './table.ts';

export type Item = Record<string, AttributeValue>;

/** How a type of record is keyed, written and read. `decode` throws on anything that this version does not understand. */
export type Codec<T> = {
  readonly keyPrefix: string;
  readonly encode: (value: T) => Attributes;
  readonly decode: (attributes: Attributes) => T;
};

export const keyOf = (pk: string): Item => ({ [table.partitionKey]: { S: pk } });

const decodeStored = <T>(codec: Codec<T>, item: Item): Stored<T> => {
  try {
    const attributes: Attributes = unmarshall(item);
    const { nonce } = attributes;
    if (typeof nonce !== 'string') throw new Error('no nonce');
    return { value: codec.decode(attributes), nonce };
  } catch {
    // The cause may quote the record, and with it a token.
    throw new UnreadableRecordError(
      `${item[table.partitionKey]?.S ?? 'a record'} has a shape that is not known here`,
    );
  }
};

export const createRecords = <T>(
  client: DynamoDBClient,
  tableName: string,
  codec: Codec<T>,
  newNonce: () => string,
): Records<T> => {
  const get = async (id: string): Promise<Stored<T> | undefined> => {
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: tableName, Key: keyOf(codec.keyPrefix + id), ConsistentRead: true }),
    );
    return item === undefined ? undefined : decodeStored(codec, item);
  };

  /** `ALL_OLD` on a failed condition spares the read on DynamoDB itself; not every implementation returns it. */
  const currentAfter = async (
    error: ConditionalCheckFailedException,
    id: string,
  ): Promise<Stored<T> | undefined> => (error.Item === undefined ? get(id) : decodeStored(codec, error.Item));

  const write = async (id: string, previous: Stored<T> | undefined, next: T): Promise<Written<T>> => {
    const nonce = newNonce();
    const before = previous === undefined ? {} : codec.encode(previous.value);
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: keyOf(codec.keyPrefix + id),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...compareAndSet(before, previous?.nonce, codec.encode(next), nonce),
        }),
      );
      return { ok: true, stored: { value: next, nonce } };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return writtenAfterConflict(nonce, await currentAfter(error, id));
    }
  };

  return { get, write };
};
