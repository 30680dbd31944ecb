/**
 * The real handlers in processes of their own, and between them and everything they talk to a proxy: embedded DynamoDB, local AWS
 * endpoints and the RingCentral simulator. Everything is short-lived, so that refreshes happen all the time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createGrantStore } from '../../functions/adapters/grant-store.ts';
import type { Strategy } from '../../functions/domain/grant.ts';
import { checkSettings, defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import type { GrantStore } from '../../functions/keeper/ports.ts';
import { localCredentials, localRegion, startDatabase } from '../../sandbox/aws/database.ts';
import { appsSecretId, localVariables } from '../../sandbox/aws/environment.ts';
import { createFunctionPool, type FunctionPool } from '../../sandbox/aws/function-pool.ts';
import type { Ending } from '../../sandbox/aws/function-process.ts';
import { type LocalAws, startAws } from '../../sandbox/aws/services.ts';
import { type Simulator, type SimulatorEvent, startSimulator } from '../../sandbox/ringcentral/index.ts';
import { noteLosses } from './losses.ts';
import { type FaultyProxy, startProxy } from './proxy.ts';
import type { Random } from './random.ts';

const app = { name: 'main', clientId: 'breakage-app', clientSecret: 'breakage-secret' } as const;

export const settings: Settings = {
  ...defaultSettings,
  accessLifetimeMs: 30_000,
  accessMarginMs: 10_000,
  sweepIntervalMs: 300,
  // A commit that is late because the machine is busy must not outlast the attempt: what looks generous here is not, on two cores.
  leaseMs: 8100,
  providerTimeoutMs: 2500,
  commitBudgetMs: 5500,
  maxClockSkewMs: 50,
  holdStepsMs: [200, 400, 800],
  minTokenAgeMs: 0,
  maxReportsPerHour: 1_000_000,
  verdictDelayMs: 300,
  waitBudgetMs: 1000,
  appHoldCacheMs: 500,
  appsCacheMs: 1000,
};

export type StagedGrant = { readonly grantId: string; readonly ownerId: string; readonly strategy: Strategy };

export type Death = Ending & { readonly functionName: string };

export type Stage = {
  readonly grants: readonly StagedGrant[];
  readonly simulator: Simulator;
  readonly aws: LocalAws;
  /** What is stored, read past the proxies. */
  readonly store: GrantStore;
  readonly proxies: {
    readonly store: FaultyProxy;
    readonly provider: FaultyProxy;
    readonly aws: FaultyProxy;
  };
  readonly losses: ReturnType<typeof noteLosses>;
  /** The owner whose tokens the provider hands out next. */
  nextRotation(): Promise<string>;
  readonly api: FunctionPool;
  readonly sweep: FunctionPool;
  readonly deaths: readonly Death[];
  /** Lines of the functions that are no structured log: what Node prints of an unhandled error. */
  readonly strayLines: readonly string[];
  /** Facts that the functions observed, counted. */
  readonly facts: ReadonlyMap<string, number>;
  close(): Promise<void>;
};

export const sweepShares = 2;
const apiProcesses = 6;
const grantCount = 24;

/** Two hourly ones for each weekly one. */
const planGrants = (): StagedGrant[] =>
  Array.from({ length: grantCount }, (_, index) => ({
    grantId: `team:${index}`,
    ownerId: String(1000 + index),
    strategy: index % 3 === 0 ? 'weekly' : 'hourly',
  }));

const startRingCentral = (
  grants: readonly StagedGrant[],
  onEvent: (event: SimulatorEvent) => void,
): Promise<Simulator> =>
  startSimulator({
    onEvent,
    apps: [{ ...app, redirectUris: ['http://127.0.0.1/callback'] }],
    users: grants.map(({ ownerId }) => ({ ownerId, name: ownerId })),
    accessTokenMs: settings.accessLifetimeMs,
    rateLimitScope: 'off',
    // Harsher than RingCentral: a token that was used can never be asked for again.
    replayAfterUseMs: 0,
    maxLogEntries: 100_000,
  });

const createRotations = () => {
  let waiting: ((ownerId: string) => void)[] = [];
  return {
    onEvent: ({ type, ownerId = '' }: SimulatorEvent): void => {
      if (type !== 'refreshed' && type !== 'replayed') return;
      for (const resolve of waiting.splice(0)) resolve(ownerId);
    },
    next: () =>
      new Promise<string>(resolve => {
        waiting = [...waiting, resolve];
      }),
  };
};

const readLine = (line: string, facts: Map<string, number>, strayLines: string[]): void => {
  const text = line.trim();
  if (text === '') return;
  try {
    const { fact } = JSON.parse(text) as { fact?: { type: string } };
    if (fact !== undefined) facts.set(fact.type, (facts.get(fact.type) ?? 0) + 1);
  } catch {
    // One that begins like a log was cut off in its middle, with the process that wrote it.
    if (!text.startsWith('{')) strayLines.push(text);
  }
};

const createPools = (
  variables: Record<string, string>,
  onLine: (line: string) => void,
  deaths: Death[],
  started: boolean,
) => {
  const pool = (name: string, module: string, timeoutMs: number, maxProcesses: number) =>
    createFunctionPool({
      name,
      module: new URL(module, import.meta.url),
      variables,
      timeoutMs,
      maxProcesses,
      minProcesses: started ? maxProcesses : 0,
      onLine,
      onDeath: ending => deaths.push({ ...ending, functionName: name }),
    });
  const api = pool('api', '../../functions/api/handler.ts', 29_000, apiProcesses);
  const sweep = pool('sweep', '../../functions/sweep/handler.ts', 60_000, sweepShares);
  const close = async () => {
    await Promise.all([api.close(0), sweep.close(0)]);
  };
  return { api, sweep, close };
};

/** Compiled code is kept between processes, so that a new one is there in a fraction of the time: by one of each that ends by itself. */
const keepCompiledCode = async (variables: Record<string, string>): Promise<void> => {
  const pools = createPools(variables, () => {}, [], false);
  await Promise.all([pools.api.invoke({}), pools.sweep.invoke({ dryRun: true })]).finally(pools.close);
};

const connect = async ({ api, simulator, grants }: Pick<Stage, 'api' | 'simulator' | 'grants'>) => {
  await Promise.all(
    grants.map(async ({ grantId, ownerId, strategy }) => {
      const obtainedAt = new Date().toISOString();
      const response = simulator.provider.authorize(ownerId, app.clientId);
      const event = { action: 'putGrant', grantId, body: { ...response, strategy, obtainedAt } };
      const answer = (await api.invoke(event, 'admin')) as { ok: boolean };
      if (!answer.ok) throw new Error(`${grantId} could not be connected: ${JSON.stringify(answer)}`);
    }),
  );
};

/** Nothing is left running where it throws. */
export const openStage = async (random: Random): Promise<Stage> => {
  const errors = checkSettings(settings).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  await using opening = new AsyncDisposableStack();
  const grants = planGrants();
  const opened = <T extends { close(): Promise<void> }>(resource: T): T => {
    opening.defer(() => resource.close());
    return resource;
  };
  const database = opened(await startDatabase());
  const aws = opened(await startAws());
  const rotations = createRotations();
  const simulator = opened(await startRingCentral(grants, rotations.onEvent));
  const losses = noteLosses(simulator.provider);
  const proxies = {
    store: opened(await startProxy({ targetUrl: database.url, random, onLoss: losses.atStore })),
    provider: opened(await startProxy({ targetUrl: simulator.url, random, onLoss: losses.atProvider })),
    aws: opened(await startProxy({ targetUrl: aws.url, random })),
  };
  aws.setSecret(appsSecretId, JSON.stringify({ apps: [{ ...app, server: proxies.provider.url }] }));
  const client = new DynamoDBClient({
    endpoint: database.url,
    region: localRegion,
    credentials: localCredentials,
  });
  opening.defer(() => client.destroy());
  const store = createGrantStore(client, database.tableName, () => crypto.randomUUID());
  const deaths: Death[] = [];
  const strayLines: string[] = [];
  const facts = new Map<string, number>();
  const cacheFolder = mkdtempSync(join(tmpdir(), 'breakage-'));
  opening.defer(() => rmSync(cacheFolder, { recursive: true, force: true }));
  const variables = {
    ...localVariables({ url: proxies.store.url, tableName: database.tableName }, proxies.aws, settings),
    NODE_COMPILE_CACHE: cacheFolder,
  };
  await keepCompiledCode(variables);
  const pools = opened(createPools(variables, line => readLine(line, facts, strayLines), deaths, true));
  const { api, sweep } = pools;
  await connect({ api, simulator, grants });
  const everything = opening.move();
  return {
    grants,
    simulator,
    aws,
    store,
    proxies,
    losses,
    nextRotation: rotations.next,
    api,
    sweep,
    deaths,
    strayLines,
    facts,
    close: () => everything.disposeAsync(),
  };
};
