/** A world: tables, provider, apps, workers with a keeper each, and those who watch. One seed makes one. */
import type { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createApps } from '../../functions/adapters/apps.ts';
import { createCredentials } from '../../functions/adapters/credentials.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import type { Credential } from '../../functions/domain/mint.ts';
import { createKeeper, type Keeper } from '../../functions/keeper/keeper.ts';
import type { Clock } from '../../functions/keeper/ports.ts';
import { add, type Coverage, emptyCoverage } from '../engine/coverage.ts';
import { createRandom, type Random } from '../engine/random.ts';
import { createScheduler, type Scheduler } from '../engine/scheduler.ts';
import { createTimeline, silent, type Timeline } from '../engine/timeline.ts';
import type { Evidence } from '../invariants/evidence.ts';
import { createWatch, type Watch } from '../invariants/watch.ts';
import { describeChange } from './describe.ts';
import { drawFault, type Fault } from './faults.ts';
import { createProvider, type Provider } from './provider.ts';
import type { PlannedGrant, Scenario } from './scenario.ts';
import { createStore } from './store.ts';
import { createTables, type Tables } from './tables.ts';
import { createTokenEndpoint, type NetworkSurroundings } from './token-endpoint.ts';
import { type Where, type Worker, wait } from './worker.ts';
import { nameOfWrite } from './write-name.ts';

export type Violation = { readonly invariant: string; readonly what: string; readonly at: number };

/** What a shrunken seed leaves out: operations by id, faults by `operation.await`. */
export type Omitted = { readonly operations: ReadonlySet<number>; readonly faults: ReadonlySet<string> };
export const nothingOmitted: Omitted = { operations: new Set(), faults: new Set() };

export type LivingWorker = Worker & { readonly keeper: Keeper };

export type World = NetworkSurroundings & {
  readonly scenario: Scenario;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly provider: Provider;
  readonly tables: Tables;
  readonly watch: Watch;
  readonly evidence: Evidence;
  readonly coverage: Coverage;
  readonly timeline: Timeline;
  readonly workers: LivingWorker[];
  readonly violations: Violation[];
  /** Faults met, as `operation.await`. */
  readonly faultsMet: string[];
  /** Operations started, by id. */
  readonly operations: number[];
  /** The apps secret as Secrets Manager has it. */
  readonly secret: Map<string, string>;
  /** Numbers for what must be unique in this world. */
  serial(): number;
  /** Whether faults happen now. */
  stormy: boolean;
  /** Until when the table throttles every request. */
  throttledUntil: number;
  /** The latest time at which a worker that stands still goes on. */
  lastThawAt: number;
};

export type WorldOptions = {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly omitted: Omitted;
  readonly traced: boolean;
};

/** Monday, 2 November 2026, 00:00 UTC. */
export const epoch = 1_793_577_600_000;

export const clientIdOf = (app: string): string => `client-${app}`;
const server = 'https://platform.ringcentral.com';

const noteFault = (world: World, worker: Worker, where: Where, fault: Fault): void => {
  const { operation } = worker;
  if (operation === undefined) return;
  const { kind, ms } = fault;
  add(world.coverage.faults, `${where.name}|${kind}`);
  world.faultsMet.push(`${operation.id}.${operation.awaits}`);
  // A delay within what every timeout allows is no reason for anything.
  if (kind !== 'slow') operation.faults.push(kind);
  if (fault.freezeMs !== undefined) operation.faults.push('freeze-after');
  const stillMs = (fault.freezeMs ?? 0) + (kind.startsWith('freeze') ? ms : 0);
  if (stillMs > 0) world.lastThawAt = Math.max(world.lastThawAt, world.scheduler.now() + stillMs);
  world.timeline.note(
    () =>
      `${worker.name} ${operation.name}: FAULT ${kind} (${ms} ms)${fault.freezeMs === undefined ? '' : ` and freeze (${fault.freezeMs} ms)`} at "${where.name}" [${operation.id}.${operation.awaits}]`,
  );
};

const throttling: Fault = { kind: 'fails', ms: 0 };

const meeting =
  (getWorld: () => World, omitted: Omitted) =>
  (worker: Worker, where: Where): Fault | undefined => {
    const world = getWorld();
    const { operation } = worker;
    if (operation === undefined) return undefined;
    operation.awaits += 1;
    add(world.coverage.awaits, where.name);
    const throttled =
      world.scheduler.now() < world.throttledUntil && (where.at === 'read' || where.at === 'write');
    if (!world.stormy && !throttled) return undefined;
    const drawn = drawFault(world.scenario.faults, where.at, operation.random);
    const fault = throttled ? throttling : drawn;
    if (fault === undefined || omitted.faults.has(`${operation.id}.${operation.awaits}`)) return undefined;
    noteFault(world, worker, where, fault);
    return fault;
  };

const createEvidence = (
  scenario: Scenario,
  provider: Provider,
  scheduler: Scheduler,
  getWorld: () => World,
): Omit<Evidence, 'tables'> => ({
  scenario,
  provider,
  now: scheduler.now,
  origins: new Map(),
  codes: new Map(),
  credentials: new Map(),
  exchanges: new Map(),
  revokedAt: new Map(),
  reported: new Set(),
  authorisedAt: new Set(),
  liedAbout: new Set(),
  crowdedOut: new Set(),
  heldUpAt: new Map(),
  lateRotationAt: new Set(),
  acting: undefined,
  violate: (invariant, what) => {
    const world = getWorld();
    world.timeline.note(() => `VIOLATION of "${invariant}": ${what}`);
    world.violations.push({ invariant, what, at: scheduler.now() });
  },
  count: what => add(getWorld().coverage.exceptions, what),
});

export const createWorld = ({ seed, scenario, omitted, traced }: WorldOptions): World => {
  const scheduler = createScheduler(epoch);
  const random = createRandom(seed, 2);
  const provider = createProvider(scenario.provider);
  const timeline = traced ? createTimeline(scheduler.now, epoch) : silent;
  const coverage = emptyCoverage();
  const getWorld = (): World => world;
  const landed = new Map<string, string>();
  const evidence = createEvidence(scenario, provider, scheduler, getWorld) as Evidence;
  const tables = createTables(
    {
      grantWritten: (before, after) => {
        const name = nameOfWrite(before?.value, after.value);
        landed.set(after.value.grantId, name);
        timeline.note(
          () =>
            `${evidence.acting?.name}: WRITES ${name}: ${describeChange(before?.value, after.value, epoch)}`,
        );
        watch.grantWritten(before?.value, after);
      },
      standingWritten: (before, after) => {
        timeline.note(() => `${evidence.acting?.name}: WRITES standing ${JSON.stringify(after.value)}`);
        watch.standingWritten(before?.value, after.value);
      },
    },
    catchUp => scheduler.quietly(scheduler.now() + random.between(0, scenario.indexLagMs), catchUp),
  );
  Object.assign(evidence, { tables });
  const watch = createWatch(evidence, (loser, grantId) =>
    add(coverage.races, `${loser}|${landed.get(grantId)}`),
  );
  let serials = 0;
  const world: World = {
    serial: () => ++serials,
    scenario,
    random,
    scheduler,
    provider,
    tables,
    watch,
    evidence,
    coverage,
    timeline,
    latencyMs: scenario.latencyMs,
    timeoutMs: scenario.settings.providerTimeoutMs,
    workers: [],
    violations: [],
    faultsMet: [],
    operations: [],
    secret: new Map(),
    stormy: false,
    throttledUntil: epoch,
    lastThawAt: epoch,
    meet: meeting(getWorld, omitted),
  };
  for (const { app } of scenario.grants) {
    provider.secrets.set(app, 'SECRET-client-1');
    world.secret.set(app, 'SECRET-client-1');
  }
  for (const grant of scenario.grants.filter(({ minted }) => minted)) {
    for (const { jwt, app } of credentialsOf(grant)) {
      provider.credentials.set(jwt, grant);
      evidence.credentials.set(jwt, { grantId: grant.grantId, app });
    }
  }
  return world;
};

const clockOf = (world: World, worker: Worker): Clock => ({
  now: () => world.scheduler.now() + worker.clockOffsetMs,
  sleep: ms => wait(world, worker, { at: 'sleep', name: 'sleep' }, () => {}, ms),
});

/** Two of each grant, so that one can be replaced by the other. */
export const credentialsOf = ({ grantId, app }: PlannedGrant): readonly Credential[] =>
  ['1', '2'].map(number => ({ name: `${grantId}-${number}`, app, jwt: `SECRET-jwt-${grantId}-${number}` }));

const credentialsText = ({ scenario }: World): string =>
  JSON.stringify({ credentials: scenario.grants.filter(({ minted }) => minted).flatMap(credentialsOf) });

const secretText = ({ secret }: World): string =>
  JSON.stringify({
    apps: [...secret].map(([name, clientSecret]) => ({
      name,
      server,
      clientId: clientIdOf(name),
      clientSecret,
    })),
  });

/** Only `send` is used of it. */
const secretsClient = (world: World, worker: Worker): SecretsManagerClient =>
  ({
    send: ({ input: { SecretId: id } }: GetSecretValueCommand) =>
      wait(world, worker, { at: 'apps', name: `read ${id}` }, () => ({
        SecretString: id === 'apps' ? secretText(world) : credentialsText(world),
      })),
  }) as unknown as SecretsManagerClient;

/** A cold start: a new process with a clock of its own and nothing cached. */
export const startWorker = (world: World): LivingWorker => {
  const { scenario, tables, watch, coverage, random } = world;
  const { settings, assumptions } = scenario;
  const worker: Worker = {
    name: `worker-${world.workers.length + 1}`,
    clockOffsetMs: random.pick([0, assumptions.actualSkewMs, random.between(0, assumptions.actualSkewMs)]),
    alive: true,
    frozenUntil: 0,
    operation: undefined,
  };
  const clock = clockOf(world, worker);
  const keeper = createKeeper({
    settings,
    clock,
    store: createStore(world, worker, tables, scenario, watch, () => `nonce-${world.serial()}`),
    tokenEndpoint: createTokenEndpoint(world, worker, watch),
    apps: createApps(secretsClient(world, worker), 'apps', settings.appsCacheMs, clock),
    credentials: createCredentials(secretsClient(world, worker), 'credentials', settings.appsCacheMs, clock),
    events: {
      publish: event =>
        wait(world, worker, { at: 'event', name: 'publish event' }, () => {
          watch.published(event);
          return true;
        }).catch(() => false),
    },
    randomness: {
      id: () => `${worker.name}-${worker.operation?.id}-${world.serial()}`,
      fraction: () => worker.operation?.random.fraction() ?? 0,
    },
    observe: fact => {
      add(coverage.facts, fact.type);
      watch.observed(fact);
      world.timeline.note(() => `${worker.name} ${worker.operation?.name}: reports ${JSON.stringify(fact)}`);
    },
  });
  const living = Object.assign(worker, { keeper });
  world.workers.push(living);
  return living;
};

export const grantOf = ({ tables }: World, grantId: string): Grant | undefined =>
  tables.grants.get(grantId)?.value;
