/** How long to look: `FUZZ_RUNS=20 npx vitest run test/fuzz` looks twenty times as long. */
const factor = Number(process.env.FUZZ_RUNS ?? 1);

export const runs = (usual: number): { readonly numRuns: number } => ({
  numRuns: Math.max(1, Math.round(usual * factor)),
});

/** For a whole file of properties: the longer one looks, the longer it may take. */
export const patienceMs = 60_000 * Math.max(1, factor);
