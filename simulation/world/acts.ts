/** Carries out the steps of a workload: starts an invocation of a worker, or lets a user or an operator do something. */
import { readTokenResponse, type TokenResponse } from '../../functions/domain/tokens.ts';
import type { Authorization } from '../../functions/keeper/connect-grant.ts';
import { KeeperError } from '../../functions/keeper/errors.ts';
import type { ServedToken } from '../../functions/keeper/get-token.ts';
import type { MintRequest } from '../../functions/keeper/mint-grant.ts';
import type { Import } from '../../functions/keeper/put-grant.ts';
import { add } from '../engine/coverage.ts';
import { createRandom } from '../engine/random.ts';
import type { Operation } from './operation.ts';
import type { TokenBody } from './provider.ts';
import type { PlannedGrant } from './scenario.ts';
import { crash } from './worker.ts';
import type { Act, Step } from './workload.ts';
import { credentialsOf, grantOf, type LivingWorker, startWorker, type World } from './world.ts';

const apiMs = 29_000;

export type Stage = {
  readonly world: World;
  readonly seed: number;
  /** The latest token response of each grant, as its importer keeps it. */
  readonly responses: Map<string, { readonly body: TokenBody; readonly at: number }>;
  /** What callers hold, the latest last. */
  readonly held: Map<string, ServedToken>;
  readonly omittedOperations: ReadonlySet<number>;
};

const idleWorker = (world: World, operation: Operation): LivingWorker => {
  const idle = world.workers.filter(
    ({ alive, operation: current, frozenUntil }) =>
      alive && current === undefined && frozenUntil <= world.scheduler.now(),
  );
  return idle.length > 0 && operation.random.chance(0.8) ? operation.random.pick(idle) : startWorker(world);
};

/** Lambda ends an invocation that is not done in time; a worker that stands still then may be thawed later. */
const endInvocation = (world: World, worker: LivingWorker, operation: Operation): void => {
  if (operation.done || !worker.alive) return;
  const { scheduler, evidence } = world;
  if (operation.faults.length === 0) {
    evidence.violate(
      'everything is bounded',
      `${operation.name} met no fault and did not end before its deadline`,
    );
  }
  const frozen = scheduler.now() < worker.frozenUntil;
  if (!frozen || operation.random.chance(0.5)) crash(worker);
};

const outcomeOf = (error: unknown): string => (error instanceof KeeperError ? error.code : 'error');

type Invocation<T> = {
  readonly id: number;
  readonly name: string;
  readonly durationMs: number;
  readonly action: (worker: LivingWorker, deadlineAt: number) => Promise<T>;
  readonly done?: (result: T, operation: Operation) => void;
};

const invoke = <T>(stage: Stage, { id, name, durationMs, action, done }: Invocation<T>): void => {
  const { world, seed, omittedOperations } = stage;
  if (omittedOperations.has(id)) return;
  const { scheduler, coverage, timeline, evidence } = world;
  const startedAt = scheduler.now();
  const operation: Operation = {
    id,
    name: `${name} #${id}`,
    random: createRandom(seed, 4, id),
    startedAt,
    deadlineAt: startedAt + durationMs,
    awaits: 0,
    faults: [],
    seen: new Map(),
    begun: new Map(),
    penalties: new Map(),
    exchanged: new Map(),
    done: false,
  };
  const worker = idleWorker(world, operation);
  worker.operation = operation;
  world.operations.push(id);
  timeline.note(
    () => `${worker.name} ${operation.name}: starts (its clock is ${worker.clockOffsetMs} ms ahead)`,
  );
  const finish = (outcome: string): void => {
    operation.done = true;
    if (outcome !== 'error') world.watch.finished(operation);
    worker.operation = undefined;
    add(coverage.outcomes, `${name.split(' ')[0]}: ${outcome}`);
    timeline.note(() => `${worker.name} ${operation.name}: ends: ${outcome}`);
  };
  scheduler.quietly(operation.deadlineAt, () => endInvocation(world, worker, operation));
  action(worker, operation.deadlineAt + worker.clockOffsetMs).then(
    result => {
      finish('done');
      done?.(result, operation);
    },
    error => {
      if (JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('SECRET')) {
        evidence.violate('no secret is told', 'a secret is in an error');
      }
      finish(outcomeOf(error));
    },
  );
};

/** A caller keeps the token, and uses it as long as its own clock allows. */
const useToken = (stage: Stage, token: ServedToken, operation: Operation, callerOffsetMs: number): void => {
  const { scheduler, provider, watch, timeline } = stage.world;
  const { random } = operation;
  const endsAt = token.cacheUntil - callerOffsetMs;
  const leftMs = Math.max(0, endsAt - scheduler.now() - 1);
  const times = [random.between(0, Math.min(leftMs, 30_000)), random.between(0, leftMs), leftMs];
  for (const afterMs of times.slice(0, random.between(0, 3))) {
    scheduler.quietly(scheduler.now() + afterMs, () => {
      if (scheduler.now() >= endsAt) return;
      const accepted = provider.use(token.accessToken, scheduler.now());
      timeline.note(() => `a caller uses ${token.accessToken}: ${accepted ? 'accepted' : 'refused'}`);
      if (!accepted) watch.refused(token.accessToken);
    });
  }
};

const getToken = (stage: Stage, id: number, grantId: string, rejectedGeneration?: number): void =>
  invoke(stage, {
    id,
    name:
      rejectedGeneration === undefined
        ? `get ${grantId}`
        : `report ${grantId} generation ${rejectedGeneration}`,
    durationMs: apiMs,
    action: (worker, deadlineAt) =>
      worker.keeper.getToken(
        grantId,
        { minTtlMs: 0, ...(rejectedGeneration !== undefined && { rejectedGeneration }) },
        deadlineAt,
      ),
    done: (token, operation) => {
      const { world } = stage;
      const callerOffsetMs = operation.random.between(0, world.scenario.assumptions.actualSkewMs);
      world.timeline.note(() => `${operation.name}: is given ${token.accessToken}`);
      world.watch.served(operation, token, callerOffsetMs);
      stage.held.set(grantId, token);
      useToken(stage, token, operation, callerOffsetMs);
    },
  });

export const sweep = (stage: Stage, id: number, lanes: readonly number[]): void =>
  invoke(stage, {
    id,
    name: 'sweep',
    durationMs: stage.world.scenario.settings.sweepIntervalMs,
    action: (worker, deadlineAt) => worker.keeper.sweep({ lanes, dryRun: false, deadlineAt }),
  });

const importResponse = (stage: Stage, id: number, { grantId, app, strategy }: PlannedGrant): void => {
  const { world, responses } = stage;
  const response = responses.get(grantId);
  if (response === undefined) return;
  const parsed = readTokenResponse(response.body) as TokenResponse & { readonly ownerId: string };
  const generation = grantOf(world, grantId)?.generation;
  const input: Import = {
    app,
    strategy,
    response: parsed,
    obtainedAt: response.at,
    importHash: `hash of ${parsed.refreshToken ?? parsed.accessToken}`,
    ...(generation !== undefined && { ifGeneration: generation }),
  };
  invoke(stage, {
    id,
    name: `import ${grantId}`,
    durationMs: apiMs,
    action: worker => worker.keeper.putGrant(grantId, input),
  });
};

/** Puts the grant from a credential: from the one that it does not live by, if `replaces`. */
const putCredential = (stage: Stage, id: number, grant: PlannedGrant, replaces: boolean): void => {
  const { grantId, strategy, refreshable } = grant;
  const before = grantOf(stage.world, grantId);
  const [first, second] = credentialsOf(grant).map(({ name }) => name);
  const current = before?.credential ?? first ?? '';
  const other = current === first ? second : first;
  const request: MintRequest = {
    credential: replaces && before !== undefined ? (other ?? current) : current,
    endpointId: `endpoint-of-${grantId}`,
    strategy,
    ttls: refreshable ? {} : { refreshTokenTtlSeconds: 0 },
    ...(before !== undefined && { ifGeneration: before.generation }),
  };
  invoke(stage, {
    id,
    name: `mint ${grantId}`,
    durationMs: apiMs,
    action: (worker, deadlineAt) => worker.keeper.mintGrant(grantId, request, deadlineAt),
  });
};

/** The owner authorises, some time ago or now, and the answer is imported. */
export const connect = (stage: Stage, id: number, grant: PlannedGrant, ageMs = 0): void => {
  if (grant.minted) {
    putCredential(stage, id, grant, false);
    return;
  }
  const { world, responses, omittedOperations } = stage;
  if (omittedOperations.has(id)) return;
  const at = world.scheduler.now() - ageMs;
  world.evidence.authorisedAt.add(at);
  const body = world.provider.authorize({ ...grant, at });
  world.timeline.note(
    () => `owner ${grant.ownerId} authorises ${grant.app}: ${body.access_token}, ${body.refresh_token}`,
  );
  responses.set(grant.grantId, { body, at });
  importResponse(stage, id, grant);
};

/** The owner allows it in a browser, and the code is handed to the keeper. What was imported before is not imported any more. */
const connectByCode = (stage: Stage, id: number, grant: PlannedGrant): void => {
  const { world, responses, omittedOperations } = stage;
  if (omittedOperations.has(id)) return;
  const { grantId, app, ownerId, strategy } = grant;
  const code = world.provider.consent({ ...grant, at: world.scheduler.now() });
  world.evidence.codes.set(code, { grantId, app });
  world.timeline.note(() => `owner ${ownerId} allows ${app}: ${code}`);
  responses.delete(grantId);
  const endpointId = grantOf(world, grantId)?.endpointId;
  const authorization: Authorization = {
    app,
    code,
    redirectUri: 'https://connect.example/oauth/callback',
    strategy,
    ttls: {},
    allowOwnerChange: false,
    ...(endpointId !== undefined && { endpointId }),
  };
  invoke(stage, {
    id,
    name: `connect ${grantId}`,
    durationMs: apiMs,
    action: (worker, deadlineAt) => worker.keeper.connectGrant(grantId, authorization, deadlineAt),
  });
};

const revoke = (stage: Stage, id: number, grantId: string): void =>
  invoke(stage, {
    id,
    name: `revoke ${grantId}`,
    durationMs: apiMs,
    action: (worker, deadlineAt) => worker.keeper.revokeGrant(grantId, deadlineAt),
    done: grant => {
      // What was revoked is not imported any more.
      stage.responses.delete(grantId);
      stage.world.watch.revocationAcknowledged(grant.connectionId);
    },
  });

const changeSecret = ({ world }: Stage, app: string, ms: number): void => {
  const next = `SECRET-client-${world.scheduler.now()}`;
  world.provider.secrets.set(app, next);
  world.timeline.note(() => `the client secret of ${app} changes at the provider`);
  world.scheduler.at(world.scheduler.now() + ms, () => {
    world.secret.set(app, world.provider.secrets.get(app) ?? next);
    world.timeline.note(() => `the client secret of ${app} changes in Secrets Manager`);
  });
};

const lie = ({ world }: Stage, ms: number): void => {
  world.provider.lying = true;
  world.timeline.note(() => 'the provider refuses every refresh');
  world.scheduler.at(world.scheduler.now() + ms, () => {
    world.provider.lying = false;
    world.timeline.note(() => 'the provider is itself again');
  });
};

const throttle = ({ world }: Stage, ms: number): void => {
  world.throttledUntil = world.scheduler.now() + ms;
  world.timeline.note(() => `the table throttles everything for ${ms} ms`);
};

const kill = ({ world }: Stage): void => {
  const busy = world.workers.filter(({ alive, operation }) => alive && operation !== undefined);
  if (busy.length === 0) return;
  const victim = world.random.pick(busy);
  victim.operation?.faults.push('crash-after');
  world.timeline.note(() => `${victim.name} is killed`);
  crash(victim);
};

type Performance = (stage: Stage, step: Step) => void;

const performances: Readonly<Record<Act, Performance>> = {
  get: (stage, { id, grant }) => getToken(stage, id, grant.grantId),
  report: (stage, { id, grant }) =>
    getToken(stage, id, grant.grantId, stage.held.get(grant.grantId)?.generation),
  sweep: (stage, { id }) => sweep(stage, id, stage.world.scenario.lanes.flat()),
  reconnect: (stage, { id, grant }) => {
    if (grant.minted) putCredential(stage, id, grant, true);
    else if (stage.world.scenario.connects) connectByCode(stage, id, grant);
    else connect(stage, id, grant);
  },
  'import again': (stage, { id, grant }) =>
    grant.minted ? putCredential(stage, id, grant, false) : importResponse(stage, id, grant),
  revoke: (stage, { id, grant }) => revoke(stage, id, grant.grantId),
  reinstate: (stage, { id, grant: { grantId } }) =>
    invoke(stage, {
      id,
      name: `reinstate ${grantId}`,
      durationMs: apiMs,
      action: worker => worker.keeper.reinstateGrant(grantId),
    }),
  'end sessions': ({ world }, { grant: { app, ownerId } }) => {
    world.timeline.note(() => `owner ${ownerId} ends all sessions`);
    world.provider.endSessions(app, ownerId, world.scheduler.now());
  },
  'change secret': (stage, { grant, ms }) => changeSecret(stage, grant.app, ms),
  lie: (stage, { ms }) => lie(stage, ms),
  limit: ({ world }, { grant: { app, ownerId } }) => {
    world.timeline.note(() => `a penalty begins for ${app}, owner ${ownerId}`);
    world.provider.penalise(app, ownerId, world.scheduler.now());
  },
  throttle: (stage, { ms }) => throttle(stage, ms),
  kill: stage => kill(stage),
};

export const perform = (stage: Stage, step: Step): void => {
  if (!stage.omittedOperations.has(step.id)) performances[step.act](stage, step);
};

/** A healthy caller at rest: what it is told says whether the grant works. */
export const tryGrant = (
  stage: Stage,
  id: number,
  grantId: string,
  told: (outcome: string, token?: ServedToken) => void,
): void =>
  invoke(stage, {
    id,
    name: `try ${grantId}`,
    durationMs: apiMs,
    action: (worker, deadlineAt) =>
      worker.keeper.getToken(grantId, { minTtlMs: 0 }, deadlineAt).then(
        token => told('served', token),
        error => told(outcomeOf(error)),
      ),
  });
