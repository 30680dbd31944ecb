import { connect } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { type Database, localCredentials, localRegion, startDatabase } from '../../sandbox/aws/database.ts';

const clientOf = ({ url }: Database) =>
  new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials, maxAttempts: 1 });

it('the embedded database outlives a client that leaves in the middle of its request', async () => {
  const database = await startDatabase();
  const { hostname, port } = new URL(database.url);
  const leaver = connect(Number(port), hostname);
  leaver.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf', () => {
    setTimeout(() => leaver.resetAndDestroy(), 50);
  });
  await new Promise(resolve => leaver.once('close', resolve));
  const client = clientOf(database);
  const { TableNames: names } = await client.send(new ListTablesCommand({}));
  expect(names).toEqual([database.tableName]);
  client.destroy();
  await database.close();
});
