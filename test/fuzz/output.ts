/** Everything that the functions write: logs and metrics, at their most talkative. */
import { vi } from 'vitest';

export type Output = {
  /** What was written since the last time. */
  readonly taken: () => string;
  readonly restore: () => void;
};

/** Before the functions are loaded: they read their log level then. */
export const listen = (): Output => {
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'TRACE');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');
  const written: string[] = [];
  const record = (chunk: unknown): boolean => {
    written.push(String(chunk));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(record);
  vi.spyOn(process.stderr, 'write').mockImplementation(record);
  for (const method of ['log', 'info', 'debug', 'warn', 'error', 'trace'] as const) {
    vi.spyOn(console, method).mockImplementation((...values) => {
      written.push(values.map(String).join(' '));
    });
  }
  return {
    taken: () => written.splice(0).join('\n'),
    restore: () => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    },
  };
};
