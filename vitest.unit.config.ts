/** The unit tests of the domain, the keeper and the store: what mutation testing runs for each mutant. */

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import everything from './vitest.config.ts';

/** Those with a database last: most mutants are found out before it has to be started. */
class DatabaseLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (moduleId.includes('/adapters/') ? 1 : 0);
    return files.sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    ...everything.test,
    globalSetup: [],
    include: [
      'test/domain/**/*.test.ts',
      'test/keeper/**/*.test.ts',
      'test/adapters/{grant-store.*,memory-store}.test.ts',
    ],
    // It reads the source as text, and a mutated source is instrumented.
    exclude: ['test/domain/architecture.test.ts'],
    sequence: { sequencer: DatabaseLast },
  },
});
