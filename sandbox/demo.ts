/** `npm run demo`: three "weeks" of local life with crashes, a 429 and a lost answer. Exit code 0: every grant is alive. */
import pc from 'picocolors';
import { runCommand } from './command.ts';
import { live } from './demo/life.ts';
import { createRecord } from './demo/record.ts';
import { failuresOf, type Outcome, summarise, weeksToLive } from './demo/report.ts';
import { listGrants } from './demonstration.ts';
import { startLocalRun } from './local-run.ts';
import { demoHelp, parseDemoOptions } from './options.ts';
import { hurried } from './pace.ts';
import { duration } from './screen/durations.ts';
import { createScreen, type Screen } from './screen/screen.ts';
import { statusTable } from './screen/status-table.ts';
import { untilAskedToEnd } from './shutdown.ts';

const report = (outcome: Outcome, screen: Screen): 0 | 1 => {
  const failures = failuresOf(outcome);
  const verdict =
    failures.length === 0
      ? [pc.green('Every grant is alive, and no request was made that should not have been.')]
      : [pc.red('The demo failed:'), ...failures.map(failure => pc.red(`- ${failure}`))];
  screen.block([...summarise(outcome), '', ...verdict]);
  return failures.length === 0 ? 0 : 1;
};

const demonstrate = async (): Promise<0 | 1> => {
  const asked = untilAskedToEnd();
  const screen = createScreen(({ source }) => source !== 'http');
  const record = createRecord(screen);
  const run = await startLocalRun({ port: 0, pace: hurried }, record.observer);
  try {
    const { refreshLifetimeMs, accessLifetimeMs } = run.settings;
    screen.block([
      `${pc.bold('Ringbearer, the demo')}: ${weeksToLive} "weeks" of ${duration(refreshLifetimeMs)}; access tokens live ${duration(accessLifetimeMs)}`,
    ]);
    const outcome = await Promise.race([live(run, record), asked]);
    if (typeof outcome === 'string') {
      screen.block([`Ended before its time (${outcome}): no verdict.`]);
      return 1;
    }
    screen.block(statusTable(await listGrants(run), Date.now()));
    return report(outcome, screen);
  } finally {
    await run.close();
  }
};

await runCommand(async () => {
  if (parseDemoOptions(process.argv.slice(2)).kind === 'run') return demonstrate();
  process.stdout.write(`${demoHelp}\n`);
  return 0;
});
