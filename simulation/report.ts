/** What the simulation prints: figures, what was covered and what was not, and the story of a seed that failed. */
import type { Counts, Coverage } from './engine/coverage.ts';
import type { FleetResult } from './fleet/fleet.ts';
import type { Run } from './simulation.ts';
import { type AwaitClass, faultKinds, faultsAt } from './world/faults.ts';
import type { Omitted } from './world/world.ts';
import { writeNames } from './world/write-name.ts';

const thousands = (count: number): string => Math.round(count).toLocaleString('en-US');

/** 1234 → "1.2k": a table of many counts is read for its holes. */
const short = (count: number): string => {
  if (count >= 1e6) return `${(count / 1e6).toFixed(count >= 1e7 ? 0 : 1)}M`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(count >= 1e4 ? 0 : 1)}k` : String(count);
};

const columnWidth = 6;

const table = <R extends string, C extends string>(
  rows: readonly R[],
  columns: readonly C[],
  cell: (row: R, column: C) => string,
): string[] => {
  const nameWidth = Math.max(...rows.map(row => row.length)) + 2;
  const header = columns.map((_, index) => String(index + 1).padStart(columnWidth)).join('');
  return [
    ...columns.map((column, index) => `  ${String(index + 1).padStart(2)} ${column}`),
    '',
    `${' '.repeat(nameWidth)}${header}`,
    ...rows.map(
      row => row.padEnd(nameWidth) + columns.map(column => cell(row, column).padStart(columnWidth)).join(''),
    ),
  ];
};

const classOf = (awaitName: string): AwaitClass => {
  if (awaitName === 'refresh' || awaitName === 'revoke' || awaitName === 'exchange') return 'provider';
  if (awaitName === 'read apps') return 'apps';
  if (awaitName === 'publish event') return 'event';
  if (awaitName === 'sleep') return 'sleep';
  return awaitName.startsWith('read') || awaitName.startsWith('query') ? 'read' : 'write';
};

const faultTable = ({ awaits, faults }: Coverage): string[] =>
  table(Object.keys(awaits).sort(), faultKinds, (name, fault) => {
    const applies = faultsAt[classOf(name)].includes(fault);
    const count = faults[`${name}|${fault}`];
    return applies ? (count === undefined ? 'HOLE' : short(count)) : '';
  });

const raceTable = ({ races }: Coverage): string[] =>
  table(writeNames, writeNames, (loser, winner) => {
    const count = races[`${loser}|${winner}`];
    return count === undefined ? '·' : short(count);
  });

const byCount = (counts: Counts): string[] =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${thousands(count).padStart(12)}  ${name}`);

export const describeCoverage = (coverage: Coverage): string =>
  [
    'How often each fault met each await (blank: does not apply there):',
    ...faultTable(coverage),
    '',
    'How often a write (row) missed because another (column) had landed before it:',
    ...raceTable(coverage),
    '',
    'Allowed, and counted:',
    ...byCount(coverage.exceptions),
    '',
    'How operations ended:',
    ...byCount(coverage.outcomes),
    '',
    'What the keeper reported:',
    ...byCount(coverage.facts),
  ].join('\n');

export const describeFigures = ({ seeds, steps, durationMs, coverage }: FleetResult): string => {
  const awaits = Object.values(coverage.awaits).reduce((sum, count) => sum + count, 0);
  const faults = Object.values(coverage.faults).reduce((sum, count) => sum + count, 0);
  const per = (count: number): string => (count / Math.max(1, seeds)).toFixed(1);
  return (
    `${thousands(seeds)} seeds in ${(durationMs / 1000).toFixed(1)} s (${thousands((seeds / durationMs) * 1000)} a second); ` +
    `mean per seed: ${per(steps)} steps, ${per(awaits)} awaits, ${per(faults)} faults`
  );
};

const omission = ({ operations, faults }: Omitted): string => [...operations, ...faults].join(',');

export const describeFailure = (seed: number, run: Run, omitted: Omitted, argumentsGiven: string): string => {
  const { provider, settings, grants, allOld, indexLagMs } = run.scenario;
  const omit = omission(omitted);
  return [
    `Seed ${seed} violates "${run.violation?.invariant}": ${run.violation?.what}`,
    `Provider: ${JSON.stringify(provider)}`,
    `Settings: ${JSON.stringify(settings)}`,
    `Grants: ${JSON.stringify(grants)}; ALL_OLD ${allOld ? 'on' : 'off'}; index lag up to ${indexLagMs} ms`,
    '',
    ...run.timeline,
    '',
    `Again: npm run simulate -- --seed ${seed} --timeline${omit === '' ? '' : ` --omit ${omit}`}${argumentsGiven}`,
  ].join('\n');
};
