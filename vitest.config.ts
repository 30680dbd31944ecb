import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/bundles.setup.ts'],
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // The functions log as they do in Lambda; only a failing test's output is of interest.
    silent: 'passed-only',
  },
});
