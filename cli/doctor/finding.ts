/** What the doctor found. Pure. */
import type { Grant } from '../keeper.ts';
import type { Fact } from './facts.ts';

/** Every check, by the name under which docs/doctor.md says what to do. */
export const checks = [
  ...(['stack', 'settings', 'apps-secret', 'app-credentials', 'app-mismatch', 'app-held'] as const),
  ...(['refresh-tokens', 'reauthorize', 'near-end', 'overdue', 'held', 'failing', 'revoking'] as const),
  ...(['grants', 'schedule', 'sweep', 'dead-letters', 'errors', 'clock', 'rate-limit'] as const),
] as const;
export type Check = (typeof checks)[number];

export type Severity =
  /** Something is broken, or a grant will be lost. */
  | 'problem'
  /** It can become a problem. */
  | 'warning'
  /** It could not be checked. */
  | 'unknown'
  | 'note'
  | 'ok';

export type Finding = {
  readonly check: Check;
  readonly severity: Severity;
  readonly what: string;
  readonly todo?: string;
  /** The grants that it is about, by id. */
  readonly grantIds?: readonly string[];
};

export const problem = (check: Check, what: string, todo: string): Finding => ({
  check,
  severity: 'problem',
  what,
  todo,
});
export const warning = (check: Check, what: string, todo: string): Finding => ({
  check,
  severity: 'warning',
  what,
  todo,
});
export const note = (check: Check, what: string): Finding => ({ check, severity: 'note', what });
export const ok = (check: Check, what: string): Finding => ({ check, severity: 'ok', what });

/** A check whose fact is missing. */
export const unknown = (check: Check, missing: Extract<Fact<unknown>, { known: false }>): Finding => ({
  check,
  severity: missing.skipped ? 'note' : 'unknown',
  what: `${missing.skipped ? 'Not checked' : 'Could not be checked'}: ${missing.why}`,
  ...(missing.todo !== undefined && { todo: missing.todo }),
});

/** Judges a fact, or says that it is missing. */
export const whenKnown = <T>(check: Check, given: Fact<T>, judge: (value: T) => Finding[]): Finding[] =>
  given.known ? judge(given.value) : [unknown(check, given)];

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

const maxNamed = 10;

/** `a, b (OAU-213) and 3 more`. */
export const named = (grants: readonly Grant[], detail: (grant: Grant) => string = () => ''): string => {
  const shown = grants.slice(0, maxNamed).map(grant => {
    const more = detail(grant);
    return more === '' ? grant.grantId : `${grant.grantId} (${more})`;
  });
  const left = grants.length - shown.length;
  return left === 0 ? shown.join(', ') : `${shown.join(', ')} and ${left} more`;
};

export const about = (finding: Finding, grants: readonly Grant[]): Finding => ({
  ...finding,
  grantIds: grants.map(({ grantId }) => grantId),
});
