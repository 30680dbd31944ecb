import type { SweepReport } from '../../functions/keeper/sweep.ts';
import { duration } from '../../sandbox/screen/durations.ts';
import type { Session } from '../session.ts';
import { cell, properties } from '../table.ts';
import type { Colors } from '../terminal.ts';

type Options = { readonly dryRun?: boolean };

const lines = (report: SweepReport, dryRun: boolean, colors: Colors): string[] => {
  const count = (value: number, paint?: (text: string) => string) =>
    cell(String(value), value > 0 ? paint : colors.dim);
  return [
    dryRun ? 'What a sweep would do now (nothing was done):' : 'Swept every lane.',
    ...properties([
      ['due', cell(String(report.due), colors.bold)],
      ['oldest waited', report.due === 0 ? undefined : cell(duration(report.oldestDueAgeMs))],
      [dryRun ? 'to refresh' : 'refreshed', count(report.refreshed, colors.green)],
      ['put off', count(report.deferred, colors.yellow)],
      [dryRun ? 'to condemn' : 'condemned', count(report.condemned, colors.red)],
      ['tended', count(report.tended)],
      ['skipped', count(report.skipped)],
      ['left over', count(report.leftOver, colors.yellow)],
      ['failed', count(report.failed, colors.red)],
    ]),
  ];
};

export const sweep = async (session: Session, { dryRun = false }: Options): Promise<void> => {
  const { terminal, keeper } = session;
  terminal.progress(dryRun ? 'Looking at what is due' : 'Sweeping');
  const report = await keeper.sweep(dryRun ? { dryRun } : {});
  if (terminal.json) terminal.printJson(report);
  else terminal.print(lines(report, dryRun, terminal.colors));
};
