/** The grants at a glance. Pure. */
import type { GrantView } from '../demonstration.ts';
import { relative } from './durations.ts';

const headings = [
  'grant',
  'state',
  'generation',
  'access token dies',
  'refresh token dies',
  'due',
  '',
] as const;

const when = (time: string | undefined, nowMs: number): string =>
  time === undefined ? '-' : relative(Date.parse(time), nowMs);

const noteOf = ({ holdUntil, refreshing, lastError, label = '' }: GrantView, nowMs: number): string => {
  if (holdUntil !== undefined) return `on hold (${lastError?.code ?? ''}), over ${when(holdUntil, nowMs)}`;
  return refreshing ? 'being refreshed' : label;
};

const rowOf = (grant: GrantView, nowMs: number): string[] => [
  grant.grantId,
  grant.state,
  String(grant.generation),
  when(grant.accessExpiresAt, nowMs),
  when(grant.refreshExpiresAt, nowMs),
  when(grant.dueAt, nowMs),
  noteOf(grant, nowMs),
];

/** Lines in columns, the headings first. */
export const statusTable = (grants: readonly GrantView[], nowMs: number): string[] => {
  const rows = [[...headings], ...grants.map(grant => rowOf(grant, nowMs))];
  const widths = headings.map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)));
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};
