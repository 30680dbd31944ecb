/** The table of a running sandbox, as somebody with the right to it sees it. */
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { localCredentials, localRegion } from '../../sandbox/aws/database.ts';

export type Table = {
  /** Everything that is stored, always in the same order. */
  readonly content: () => Promise<string>;
  readonly empty: () => Promise<void>;
  readonly close: () => void;
};

export const openTable = ({ url, tableName }: { url: string; tableName: string }): Table => {
  const client = new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials });
  const items = async (): Promise<Record<string, AttributeValue>[]> => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
    return Items;
  };
  return {
    content: async () =>
      (await items())
        .map(item => JSON.stringify(item))
        .sort()
        .join('\n'),
    empty: async () => {
      for (const { pk = { S: '' } } of await items())
        await client.send(new DeleteItemCommand({ TableName: tableName, Key: { pk } }));
    },
    close: () => client.destroy(),
  };
};
