/** Before the first test: the construct deploys bundles that are there already. */
import { buildFunctions } from '../build/bundles.ts';

export const setup = async (): Promise<void> => {
  await buildFunctions();
};
