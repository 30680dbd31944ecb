/** The functions alone, as `cdk.json` has it done before each synthesis. */
import { buildFunctions } from './bundles.ts';

await buildFunctions();
