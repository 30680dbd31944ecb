/** `npm start`: the local run, in the foreground, until it is told to end. */
import pc from 'picocolors';
import { callbackPath } from '../functions/connect/routes.ts';
import { checkSettings } from '../functions/domain/settings.ts';
import { runCommand } from './command.ts';
import { app, connectGrants, demoGrants, demonstrationJwt, listGrants } from './demonstration.ts';
import { type LocalRun, startLocalRun } from './local-run.ts';
import { type Options, parseOptions, startHelp } from './options.ts';
import { compressed, type Pace, realTime } from './pace.ts';
import { askDirectly, type ReaderEvent, reportDirectly, startReader } from './readers.ts';
import { curlLines, renderCurlLines } from './screen/curl-lines.ts';
import { duration } from './screen/durations.ts';
import { createScreen, type Screen } from './screen/screen.ts';
import { statusTable } from './screen/status-table.ts';
import { untilAskedToEnd } from './shutdown.ts';

const tableIntervalMs = 20_000;
const realTimeTableIntervalMs = 300_000;
const readerPauseMs = 3000;

const describeRun = (run: LocalRun, pace: Pace, { dataFolder }: Options): string[] => {
  const { settings } = run;
  const warnings = checkSettings(settings).map(({ setting, message }) => `warning: ${setting}: ${message}`);
  return [
    pc.bold('Ringbearer, locally'),
    `API              ${run.url}   (no IAM here; also Lambda's invoke endpoint)`,
    `connect links    lead to ${run.url}/connect/… ; redirect URI ${run.url}${callbackPath}`,
    `RingCentral      ${run.simulator.url}   (simulated; GET /simulator lists its controls)`,
    `                 client id ${app.clientId}, client secret ${app.clientSecret}, JWT ${demonstrationJwt.assertion}`,
    `functions        processes ${run.api.name}, ${run.sweep.name} and ${run.connect.name}; kill them as you like, the next invocation starts new ones`,
    `data             ${dataFolder ?? 'in memory; --data DIR keeps it'}`,
    `lifetimes        ${pace.name}: access token ${duration(settings.accessLifetimeMs)}, refresh token ${duration(settings.refreshLifetimeMs)} (a "week"), replay window ${duration(settings.replayWindowMs)}`,
    `margins          ${duration(settings.refreshMarginMs)} before a refresh token dies (weekly), ${duration(settings.accessMarginMs)} before an access token dies (hourly)`,
    `sweep            every ${duration(settings.sweepIntervalMs)}; nothing is said of one that finds nothing due`,
    ...warnings,
  ];
};

const narrateReader = (screen: Screen) => {
  const lastGeneration = new Map<string, number>();
  return (event: ReaderEvent): void => {
    const { grantId } = event;
    if (event.type === 'served' && lastGeneration.get(grantId) !== event.generation) {
      lastGeneration.set(grantId, event.generation);
      const text = `was served generation ${event.generation}, to keep for ${duration(event.cacheUntil - Date.now())}, and uses it`;
      screen.print({ source: 'a consumer', subject: grantId, text, tone: 'quiet' });
    }
    if (event.type === 'reported') {
      const text = `met a 401 with generation ${event.generation}, reported it, and goes on with generation ${event.instead}`;
      screen.print({ source: 'a consumer', subject: grantId, text, tone: 'notice' });
    }
  };
};

const startReaders = (run: LocalRun, screen: Screen) =>
  demoGrants
    .filter(({ isRead }) => isRead)
    .map(({ grantId }) =>
      startReader({
        grantId,
        ask: askDirectly(run),
        report: reportDirectly(run),
        pauseMs: readerPauseMs,
        caches: true,
        onEvent: narrateReader(screen),
      }),
    );

const startTable = (run: LocalRun, screen: Screen, intervalMs: number): NodeJS.Timeout => {
  const show = async () => {
    const grants = await listGrants(run).catch(() => []);
    if (grants.length > 0) screen.block(statusTable(grants, Date.now()));
  };
  void show();
  return setInterval(show, intervalMs);
};

const demonstrate = async (
  run: LocalRun,
  screen: Screen,
  { realTime: isRealTime }: Options,
  asked: Promise<string>,
): Promise<void> => {
  screen.block(renderCurlLines(curlLines(run.url, run.simulator.url)));
  run.startSchedules();
  const readers = startReaders(run, screen);
  const table = startTable(run, screen, isRealTime ? realTimeTableIntervalMs : tableIntervalMs);
  const reason = await asked;
  screen.block([`Ending (${reason}) …`]);
  clearInterval(table);
  for (const reader of readers) void reader.stop();
};

const start = async (options: Options): Promise<void> => {
  const asked = untilAskedToEnd();
  const pace = options.realTime ? realTime : compressed;
  // The run's own imports are not somebody's requests.
  let isReady = false;
  const screen = createScreen(({ source }) => isReady || source !== 'http');
  const { port, dataFolder } = options;
  const run = await startLocalRun({ port, pace, ...(dataFolder !== undefined && { dataFolder }) }, screen);
  try {
    screen.block(describeRun(run, pace, options));
    await connectGrants(run, demoGrants);
    isReady = true;
    await demonstrate(run, screen, options, asked);
  } finally {
    await run.close();
  }
};

await runCommand(async () => {
  const command = parseOptions(process.argv.slice(2));
  if (command.kind === 'run') await start(command.options);
  else process.stdout.write(`${startHelp}\n`);
  return 0;
});
