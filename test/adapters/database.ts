/** A DynamoDB to test against: dynalite, or whatever `AWS_ENDPOINT_URL_DYNAMODB` names. A table of its own for each store. */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Attributes } from '../../functions/adapters/expressions.ts';
import { createGrantStore } from '../../functions/adapters/grant-store.ts';
import { createLinks } from '../../functions/adapters/links.ts';
import { table } from '../../functions/adapters/table.ts';
import type { Link } from '../../functions/domain/link.ts';
import type { GrantStore, Records } from '../../functions/keeper/ports.ts';
import { createTable, localCredentials, localRegion, startDatabase } from '../../sandbox/aws/database.ts';

export type SentRequest = {
  readonly command: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of several commands
  readonly input: Record<string, any>;
};

export type TestTable = {
  readonly store: GrantStore;
  readonly links: Records<Link>;
  readonly tableName: string;
  /** What store and links have sent, in order. */
  readonly requests: SentRequest[];
  /** The record as it is stored, whatever its shape. */
  read(pk: string): Promise<Attributes | undefined>;
  /** Puts a record there as it is, whatever is stored. */
  plant(record: Attributes): Promise<void>;
};

export type TestDatabase = {
  readonly url: string;
  table(): Promise<TestTable>;
  close(): Promise<void>;
};

export const clientFor = (url: string, options: object = {}): DynamoDBClient =>
  new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials, ...options });

const plain = (record: Attributes): Record<string, AttributeValue> =>
  marshall(record, { removeUndefinedValues: true });

export const startTestDatabase = async (): Promise<TestDatabase> => {
  const given = process.env.AWS_ENDPOINT_URL_DYNAMODB;
  const embedded = given ? undefined : await startDatabase();
  const url = given ?? embedded?.url ?? '';
  // The tests' own client: nothing that it sends is the store's.
  const direct = clientFor(url);
  const opened: { readonly client: DynamoDBClient; readonly tableName: string }[] = [];

  const openTable = async (): Promise<TestTable> => {
    const tableName = `ringbearer-${randomUUID()}`;
    await createTable(direct, tableName);
    await waitUntilTableExists({ client: direct, maxWaitTime: 30, minDelay: 0.01 }, { TableName: tableName });
    const client = clientFor(url);
    opened.push({ client, tableName });
    const requests: SentRequest[] = [];
    client.middlewareStack.add(
      (next, context) => args => {
        requests.push({ command: String(context.commandName), input: args.input });
        return next(args);
      },
      { step: 'initialize', name: 'requests' },
    );
    return {
      store: createGrantStore(client, tableName, randomUUID),
      links: createLinks(client, tableName, randomUUID),
      tableName,
      requests,
      read: async pk => {
        const key = { [table.partitionKey]: { S: pk } };
        const { Item: item } = await direct.send(
          new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true }),
        );
        return item && unmarshall(item);
      },
      plant: async record => {
        await direct.send(new PutItemCommand({ TableName: tableName, Item: plain(record) }));
      },
    };
  };

  return {
    url,
    table: openTable,
    close: async () => {
      if (embedded === undefined)
        await Promise.all(
          opened.map(({ tableName }) => direct.send(new DeleteTableCommand({ TableName: tableName }))),
        );
      for (const { client } of opened) client.destroy();
      direct.destroy();
      await embedded?.close();
    },
  };
};
