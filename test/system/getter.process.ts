/** One process of the api function: asks for a grant's token many times at once and prints what it was told. */
import { handler } from '../../functions/api/handler.ts';
import { functionArn, lambdaContext } from './sandbox.ts';

const [, , grantId, count, startAt] = process.argv;

await new Promise(resolve => setTimeout(resolve, Number(startAt) - Date.now()));
const answers = await Promise.all(
  Array.from({ length: Number(count) }, () =>
    handler({ action: 'getToken', grantId }, lambdaContext(functionArn('get'))),
  ),
);
process.stdout.write(`\nANSWERS ${JSON.stringify(answers)}\n`);
