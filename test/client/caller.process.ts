/** One process of a consumer: calls RingCentral again and again until it is told to stop, and prints how that went. */
import { createTokenClient, RingbearerError } from '../../client/index.ts';

const [, , grantId = ''] = process.argv;
const tokens = createTokenClient();
const outcomes: Record<string, number> = {};
const count = (outcome: string) => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
};

let stopped = false;
process.stdin.once('data', () => {
  stopped = true;
});

const call = async (): Promise<void> => {
  try {
    const response = await tokens.fetch(grantId, '/restapi/v1.0/account/~/extension/~');
    await response.arrayBuffer();
    count(String(response.status));
  } catch (error) {
    count(error instanceof RingbearerError ? error.code : `${error}`);
  }
};

await call();
process.stdout.write('STARTED\n');
while (!stopped) await Promise.all(Array.from({ length: 10 }, call));
process.stdout.write(`OUTCOMES ${JSON.stringify(outcomes)}\n`);
process.exit(0);
