/** One seed from beginning to end: storms, calm after each, and the truth at rest. */
import type { Coverage } from './engine/coverage.ts';
import { restBoundMs } from './invariants/evidence.ts';
import { judgeRest, judgeTrial } from './invariants/rest.ts';
import { connect, perform, type Stage, sweep, tryGrant } from './world/acts.ts';
import type { Assumptions } from './world/assumptions.ts';
import { drawScenario, type Scenario } from './world/scenario.ts';
import { firstId, planStorm, type Step, scheduledId } from './world/workload.ts';
import { createWorld, type Omitted, type Violation, type World } from './world/world.ts';

export type Run = {
  readonly scenario: Scenario;
  readonly violation: Violation | undefined;
  readonly steps: number;
  readonly operations: readonly number[];
  readonly faults: readonly string[];
  readonly coverage: Coverage;
  readonly timeline: readonly string[];
};

export type RunOptions = {
  readonly seed: number;
  readonly assumptions: Assumptions;
  readonly omitted: Omitted;
  readonly traced: boolean;
};

/** The next time at which something ends or falls due, for a grant or anywhere. */
const nextMoment = ({ tables, scheduler, scenario }: World): number => {
  const now = scheduler.now();
  let next = Number.POSITIVE_INFINITY;
  for (const { value } of tables.grants.all()) {
    const { dueAt, cacheUntil, attempt, holdUntil, refusal } = value;
    const moments = [
      dueAt,
      cacheUntil,
      cacheUntil + scenario.settings.maxClockSkewMs,
      attempt?.endsAt,
      holdUntil,
      refusal && refusal.at + scenario.settings.verdictDelayMs,
    ];
    for (const moment of moments) if (moment !== undefined && moment > now && moment < next) next = moment;
  }
  return next;
};

const timeOf = (world: World, { when }: Step, stormEndsAt: number): number => {
  const now = world.scheduler.now();
  const moment = when.kind === 'moment' ? nextMoment(world) : Number.POSITIVE_INFINITY;
  const at = moment < stormEndsAt ? moment + when.ms : now + Math.abs(when.ms);
  return Math.max(now, Math.min(at, stormEndsAt));
};

/** One step after the other is timed when the one before it has begun, so that it can aim at what that has brought about. */
const unfold = (stage: Stage, steps: readonly Step[], stormEndsAt: number, index = 0): void => {
  const step = steps[index];
  if (step === undefined) return;
  const { scheduler } = stage.world;
  scheduler.at(timeOf(stage.world, step, stormEndsAt), () => {
    perform(stage, step);
    unfold(stage, steps, stormEndsAt, index + 1);
  });
};

type Schedule = { stopped: boolean; sweeps: number };

/** The schedule of the sweep. A round that would find nothing is left out: it would change nothing. */
const keepSweeping = (stage: Stage, episode: number, schedule: Schedule): void => {
  const { scheduler, scenario, tables } = stage.world;
  const { sweepIntervalMs } = scenario.settings;
  const round = (): void => {
    if (schedule.stopped) return;
    for (const lanes of scenario.lanes) {
      const isDue = tables.index.earliest(lanes) <= scheduler.now() + scenario.assumptions.actualSkewMs;
      schedule.sweeps += 1;
      if (isDue) sweep(stage, firstId(episode) + scheduledId + schedule.sweeps, lanes);
    }
    scheduler.at(scheduler.now() + sweepIntervalMs, round);
  };
  scheduler.at(scheduler.now() + stage.world.random.between(0, sweepIntervalMs), round);
};

const workersStand = ({ workers }: World): boolean =>
  workers.some(({ alive, operation }) => alive && operation !== undefined);

/** Lets everybody finish: no new rounds, and no more work than is under way. */
const comeToRest = async (world: World): Promise<void> => {
  const { scheduler } = world;
  for (let i = 0; i < 10 && workersStand(world); i += 1) await scheduler.runUntil(scheduler.now() + 60_000);
};

const judgeAtRest = async (stage: Stage, episode: number): Promise<void> => {
  const { world } = stage;
  const { tables, evidence, watch, scheduler } = world;
  for (const { value } of tables.grants.all()) judgeRest(value, evidence);
  watch.atRest();
  const trials = [...tables.grants.all()].map(({ value }) => value);
  for (const [index, grant] of trials.entries()) {
    tryGrant(stage, firstId(episode) + 9_000 + index, grant.grantId, (outcome, token) => {
      judgeTrial(tables.grants.get(grant.grantId)?.value ?? grant, outcome, token?.accessToken, evidence);
    });
    await scheduler.runUntil(scheduler.now() + 30_000);
  }
};

const playEpisode = async (stage: Stage, seed: number, episode: number): Promise<void> => {
  const { world } = stage;
  const { scheduler, scenario } = world;
  const schedule: Schedule = { stopped: false, sweeps: 0 };
  keepSweeping(stage, episode, schedule);
  world.stormy = true;
  const stormEndsAt = scheduler.now() + scenario.stormMs;
  unfold(stage, planStorm(seed, episode, scenario), stormEndsAt);
  await scheduler.runUntil(stormEndsAt);
  world.stormy = false;
  await scheduler.runUntil(Math.max(stormEndsAt, world.lastThawAt) + restBoundMs(scenario));
  schedule.stopped = true;
  await comeToRest(world);
  await judgeAtRest(stage, episode);
};

const connectAll = async (stage: Stage): Promise<void> => {
  const { world } = stage;
  for (const [index, grant] of world.scenario.grants.entries()) {
    // Some users come only later.
    if (index > 0 && world.random.chance(0.15)) continue;
    connect(stage, index + 1, grant, grant.ageMs);
    await world.scheduler.runUntil(world.scheduler.now() + 10_000);
  }
};

/** Between two storms time is passed over: nothing happens before the next moment, less what leads up to it. */
const skipToNextMoment = async ({ world }: Stage): Promise<void> => {
  const { scheduler, random } = world;
  const next = nextMoment(world);
  if (next === Number.POSITIVE_INFINITY) return;
  await scheduler.runUntil(Math.max(scheduler.now(), next - random.between(0, 60_000)));
};

export const runSeed = async ({ seed, assumptions, omitted, traced }: RunOptions): Promise<Run> => {
  const scenario = drawScenario(seed, assumptions);
  const world = createWorld({ seed, scenario, omitted, traced });
  const stage: Stage = {
    world,
    seed,
    responses: new Map(),
    held: new Map(),
    omittedOperations: omitted.operations,
  };
  await connectAll(stage);
  for (let episode = 1; episode <= scenario.episodes && world.violations.length === 0; episode += 1) {
    if (episode > 1) await skipToNextMoment(stage);
    await playEpisode(stage, seed, episode);
  }
  return {
    scenario,
    violation: world.violations[0],
    steps: world.scheduler.steps(),
    operations: world.operations,
    faults: world.faultsMet,
    coverage: world.coverage,
    timeline: world.timeline.lines,
  };
};
