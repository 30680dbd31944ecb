/** What the functions write to their output: facts and faults are for people, metrics and the rest for CloudWatch. Pure. */
import type { Fact } from '../../functions/keeper/facts.ts';

export type LogLine =
  | { readonly kind: 'fact'; readonly fact: Fact }
  /** An error, or text that is no log at all: shown as it is. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'routine' };

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

export const readLogLine = (line: string): LogLine => {
  const entry = parse(line);
  if (typeof entry !== 'object' || entry === null) {
    return line.trim() === '' ? { kind: 'routine' } : { kind: 'text', text: line };
  }
  const { fact, level, message } = entry as { fact?: Fact; level?: string; message?: unknown };
  if (fact !== undefined) return { kind: 'fact', fact };
  return level === 'ERROR' ? { kind: 'text', text: String(message) } : { kind: 'routine' };
};
