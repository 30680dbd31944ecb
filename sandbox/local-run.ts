/** Everything that runs locally, put together and taken apart again in the right order. */

import { directAliases, httpAlias } from '../functions/api/routes.ts';
import { laneCount } from '../functions/domain/lane.ts';
import type { Settings } from '../functions/domain/settings.ts';
import { startDatabase } from './aws/database.ts';
import { appsSecretId, jwtSecretId, localVariables } from './aws/environment.ts';
import { openFrontDoor, type Served } from './aws/front-door.ts';
import { createFunctionPool, type FunctionPool } from './aws/function-pool.ts';
import type { Ending } from './aws/function-process.ts';
import { createSchedules } from './aws/schedules.ts';
import { type LocalEvent, startAws } from './aws/services.ts';
import { openDataFolder } from './data-folder.ts';
import { app, credential } from './demonstration.ts';
import { openSimulator } from './open-simulator.ts';
import { apiTimeoutMs, type Pace, settingsFor, sweepTimeoutFor } from './pace.ts';
import type { Simulator, SimulatorEvent } from './ringcentral/index.ts';

export type Observer = {
  /** A line that a function wrote. */
  readonly onLine: (functionName: string, line: string) => void;
  readonly onDeath: (functionName: string, ending: Ending) => void;
  readonly onServed: (served: Served) => void;
  readonly onEvent: (event: LocalEvent) => void;
  readonly onProvider: (event: SimulatorEvent) => void;
};

export type RunOptions = { readonly port: number; readonly pace: Pace; readonly dataFolder?: string };

export type LocalRun = {
  readonly url: string;
  readonly settings: Settings;
  readonly simulator: Simulator;
  readonly api: FunctionPool;
  readonly sweep: FunctionPool;
  /** From now on sweeps come round. */
  startSchedules(): void;
  /** Ends everything, cleanly and once: invocations under way may finish for so long. */
  close(graceMs?: number): Promise<void>;
};

export const functionNames = { api: 'ringbearer-api', sweep: 'ringbearer-sweep' } as const;

/** As many as a team's functions ask at once; more wait. A process takes some 80 MB. */
const maxApiProcesses = 4;
/** Each its own schedule, with its share of the lanes. */
const sweepShares = 2;
const defaultGraceMs = 5000;

const lanesOf = (share: number): number[] =>
  Array.from({ length: laneCount }, (_, lane) => lane).filter(lane => lane % sweepShares === share);

const createPools = (variables: Record<string, string>, settings: Settings, observer: Observer) => {
  const pool = (name: string, module: string, timeoutMs: number, maxProcesses: number) =>
    createFunctionPool({
      name,
      module: new URL(module, import.meta.url),
      variables,
      timeoutMs,
      maxProcesses,
      onLine: line => observer.onLine(name, line),
      onDeath: ending => observer.onDeath(name, ending),
    });
  return {
    api: pool(functionNames.api, '../functions/api/handler.ts', apiTimeoutMs, maxApiProcesses),
    sweep: pool(functionNames.sweep, '../functions/sweep/handler.ts', sweepTimeoutFor(settings), sweepShares),
  };
};

/**
 * Throws {@link UsageError} where a port or the folder cannot be had; nothing is left running then. The ports come first: taking
 * the simulator's also keeps a second run out of the folder.
 */
export const startLocalRun = async (options: RunOptions, observer: Observer): Promise<LocalRun> => {
  const settings = settingsFor(options.pace);
  await using starting = new AsyncDisposableStack();
  const folder =
    options.dataFolder === undefined ? undefined : openDataFolder(options.dataFolder, options.pace);
  const door = await openFrontDoor(options.port);
  starting.defer(() => {
    door.cut();
    return door.close();
  });
  const simulator = await openSimulator(options.port, settings, folder, observer.onProvider);
  starting.defer(() => simulator.close());
  folder?.remember({ simulatorPort: Number(new URL(simulator.url).port), pace: options.pace.name });
  const database = await startDatabase(folder?.databasePath);
  starting.defer(() => database.close());
  const aws = await startAws(observer.onEvent);
  starting.defer(() => aws.close());
  const { name, clientId, clientSecret } = app;
  aws.setSecret(
    appsSecretId,
    JSON.stringify({ apps: [{ name, server: simulator.url, clientId, clientSecret }] }),
  );
  aws.setSecret(jwtSecretId, JSON.stringify({ credentials: [credential] }));
  const { api, sweep } = createPools(localVariables(database, aws, settings), settings, observer);
  const schedules = createSchedules(sweep, settings.sweepIntervalMs);
  const functions = new Map([
    [api.name, { pool: api, aliases: [...directAliases, httpAlias] }],
    [sweep.name, { pool: sweep, aliases: [] }],
  ]);
  door.open({ api, functions, onServed: observer.onServed });
  const everything = starting.move();
  let closed: Promise<void> | undefined;

  /** What may begin something new first, what holds data last. */
  const close = async (graceMs: number): Promise<void> => {
    schedules.stop();
    await Promise.all([api.close(graceMs), sweep.close(graceMs)]);
    await everything.disposeAsync();
  };
  return {
    url: door.url,
    settings,
    simulator,
    api,
    sweep,
    startSchedules: () => schedules.start(Array.from({ length: sweepShares }, (_, share) => lanesOf(share))),
    close: (graceMs = defaultGraceMs) => {
      closed ??= close(graceMs);
      return closed;
    },
  };
};
