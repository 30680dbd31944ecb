/** An embedded DynamoDB (dynalite) with Ringbearer's table. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { table } from '../../functions/adapters/table.ts';

export type Database = {
  /** Endpoint for `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly url: string;
  readonly tableName: string;
  close(): Promise<void>;
};

/** Credentials that only sign: nothing here checks them. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };
export const localRegion = 'us-east-1';

export const createTable = async (client: DynamoDBClient, tableName: string): Promise<void> => {
  const { dueIndex, stateIndex, partitionKey } = table;
  const key = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  try {
    await client.send(
      new CreateTableCommand({
        TableName: tableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: partitionKey, KeyType: 'HASH' }],
        AttributeDefinitions: [
          { AttributeName: partitionKey, AttributeType: 'S' },
          { AttributeName: dueIndex.partitionKey, AttributeType: 'N' },
          { AttributeName: dueIndex.sortKey, AttributeType: 'N' },
          { AttributeName: stateIndex.partitionKey, AttributeType: 'S' },
        ],
        GlobalSecondaryIndexes: [dueIndex, stateIndex].map(index => ({
          IndexName: index.name,
          KeySchema: key(index.partitionKey, index.sortKey),
          Projection: { ProjectionType: 'KEYS_ONLY' },
        })),
      }),
    );
  } catch (error) {
    // A folder kept from an earlier run has the table already.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** Of a request whose client was cut off dynalite may still be at work: it throws where nobody can catch it if its data is closed by then. */
const endingMs = 100;

/** Dynalite throws, and with it ends everything, where a client leaves in the middle of its request. */
const survivesLeavers = (server: Server): void => {
  server.on('request', request => {
    request.removeAllListeners('error');
    request.on('error', () => {});
  });
};

/** `folder`: where the data is kept; in memory without it. */
export const startDatabase = async (folder?: string, tableName = 'ringbearer'): Promise<Database> => {
  const server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(folder && { path: folder }),
  });
  survivesLeavers(server);
  const url = `http://127.0.0.1:${await listen(server)}`;
  const client = new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await sleep(endingMs);
    await new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  try {
    await createTable(client, tableName);
  } catch (error) {
    await close();
    throw error;
  } finally {
    client.destroy();
  }
  return { url, tableName, close };
};
