/** Everything that runs locally, put together and taken apart again in the right order. */

import { connectAlias, directAliases, httpAlias } from '../functions/api/routes.ts';
import { laneCount } from '../functions/domain/lane.ts';
import type { Settings } from '../functions/domain/settings.ts';
import { startDatabase } from './aws/database.ts';
import {
  appsSecretId,
  type ConnectPlace,
  connectVariables,
  functionNames,
  jwtSecretId,
  localVariables,
} from './aws/environment.ts';
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

export type RunOptions = {
  readonly port: number;
  readonly pace: Pace;
  readonly dataFolder?: string;
  /** URL prefixes to which a browser may be sent that has connected an account. Default: everything at the run's own port. */
  readonly returnTo?: readonly string[];
};

export type LocalRun = {
  readonly url: string;
  readonly settings: Settings;
  readonly simulator: Simulator;
  readonly api: FunctionPool;
  readonly sweep: FunctionPool;
  readonly connect: FunctionPool;
  /** From now on sweeps come round. */
  startSchedules(): void;
  /** Ends everything, cleanly and once: invocations under way may finish for so long. */
  close(graceMs?: number): Promise<void>;
};

/** As many as a team's functions ask at once; more wait. A process takes some 80 MB. */
const maxApiProcesses = 4;
const maxConnectProcesses = 2;
/** Each its own schedule, with its share of the lanes. */
const sweepShares = 2;
const defaultGraceMs = 5000;

const lanesOf = (share: number): number[] =>
  Array.from({ length: laneCount }, (_, lane) => lane).filter(lane => lane % sweepShares === share);

type Variables = Readonly<Record<string, string>>;

const createPools = (
  variables: { readonly keeper: Variables; readonly connect: Variables },
  settings: Settings,
  observer: Observer,
) => {
  const pool = (
    folder: keyof typeof functionNames,
    limits: { readonly timeoutMs: number; readonly maxProcesses: number },
  ): FunctionPool => {
    const name = functionNames[folder];
    return createFunctionPool({
      name,
      module: new URL(`../functions/${folder}/handler.ts`, import.meta.url),
      variables: folder === 'connect' ? variables.connect : variables.keeper,
      ...limits,
      onLine: line => observer.onLine(name, line),
      onDeath: ending => observer.onDeath(name, ending),
    });
  };
  return {
    api: pool('api', { timeoutMs: apiTimeoutMs, maxProcesses: maxApiProcesses }),
    sweep: pool('sweep', { timeoutMs: sweepTimeoutFor(settings), maxProcesses: sweepShares }),
    connect: pool('connect', { timeoutMs: apiTimeoutMs, maxProcesses: maxConnectProcesses }),
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
  const simulator = await openSimulator(door.url, options.port, settings, folder, observer.onProvider);
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
  const place: ConnectPlace = { url: door.url, returnTo: options.returnTo ?? [`${door.url}/`] };
  const variables = {
    keeper: localVariables(database, aws, settings, place),
    connect: connectVariables(database, door.url, place),
  };
  const { api, sweep, connect } = createPools(variables, settings, observer);
  const schedules = createSchedules(sweep, settings.sweepIntervalMs);
  const functions = new Map([
    [
      api.name,
      { pool: api, aliases: [...directAliases, httpAlias, connectAlias], variables: variables.keeper },
    ],
    [sweep.name, { pool: sweep, aliases: [], variables: variables.keeper }],
    [connect.name, { pool: connect, aliases: [], variables: variables.connect }],
  ]);
  door.open({ api, connect, functions, onServed: observer.onServed });
  const everything = starting.move();
  let closed: Promise<void> | undefined;

  /** What may begin something new first, what holds data last. */
  const close = async (graceMs: number): Promise<void> => {
    schedules.stop();
    // The connect function asks the api function.
    await connect.close(graceMs);
    await Promise.all([api.close(graceMs), sweep.close(graceMs)]);
    await everything.disposeAsync();
  };
  return {
    url: door.url,
    settings,
    simulator,
    api,
    sweep,
    connect,
    startSchedules: () => schedules.start(Array.from({ length: sweepShares }, (_, share) => lanesOf(share))),
    close: (graceMs = defaultGraceMs) => {
      closed ??= close(graceMs);
      return closed;
    },
  };
};
