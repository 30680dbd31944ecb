/**
 * A Lambda execution environment: one invocation at a time, a clock of its own, and a life that can stop or stand still at any await.
 * Everything that the keeper waits for passes through `wait`.
 */
import type { Scheduler } from '../engine/scheduler.ts';
import type { AwaitClass, Fault } from './faults.ts';
import type { Operation } from './operation.ts';

export type Worker = {
  readonly name: string;
  /** Its clock shows this much more than the time. */
  readonly clockOffsetMs: number;
  alive: boolean;
  frozenUntil: number;
  operation: Operation | undefined;
};

/** Where something is awaited: the kind of thing, and the name under which coverage counts it. */
export type Where = { readonly at: AwaitClass; readonly name: string };

export type Surroundings = {
  readonly scheduler: Scheduler;
  readonly latencyMs: number;
  /** Decides what goes wrong at this await, and notes it. */
  meet(worker: Worker, where: Where): Fault | undefined;
};

export const crash = (worker: Worker): void => {
  worker.alive = false;
};

const legMs = ({ latencyMs }: Surroundings, worker: Worker): number =>
  worker.operation?.random.between(0, latencyMs) ?? 0;

/** The worker goes on at that time, unless it is dead, and not before it thaws. */
export const resume = (around: Surroundings, worker: Worker, at: number, action: () => void): void => {
  const { scheduler } = around;
  scheduler.at(at, () => {
    if (!worker.alive) return;
    if (scheduler.now() < worker.frozenUntil) resume(around, worker, worker.frozenUntil, action);
    else action();
  });
};

const freeze = ({ scheduler }: Surroundings, worker: Worker, ms: number): void => {
  worker.frozenUntil = Math.max(worker.frozenUntil, scheduler.now() + ms);
};

/** Lets a request leave: at once, after a pause of the process, or never since it died; and dooms the process that sent it. */
export const depart = (
  around: Surroundings,
  worker: Worker,
  fault: Fault | undefined,
  send: () => void,
): void => {
  if (fault?.kind === 'crash-before') {
    crash(worker);
    return;
  }
  if (fault?.kind === 'freeze-before') {
    freeze(around, worker, fault.ms);
    resume(around, worker, worker.frozenUntil, send);
    return;
  }
  send();
  if (fault?.kind === 'crash-after') crash(worker);
  if (fault?.kind === 'freeze-after') freeze(around, worker, fault.ms);
  if (fault?.freezeMs !== undefined) freeze(around, worker, fault.freezeMs);
};

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

const attempt = <T>(effect: () => T): Outcome<T> => {
  try {
    return { ok: true, value: effect() };
  } catch (error) {
    return { ok: false, error };
  }
};

/**
 * A request to anything but the provider: it travels, takes effect at one moment, and its answer travels back. `retried`: its answer
 * was lost and the client sends it again by itself; the second answer counts.
 */
export const wait = <T>(
  around: Surroundings,
  worker: Worker,
  where: Where,
  effect: () => T,
  durationMs = 0,
): Promise<T> =>
  new Promise((resolve, reject) => {
    if (!worker.alive) return;
    const { scheduler } = around;
    const fault = around.meet(worker, where);
    const backMs = legMs(around, worker) + (fault?.kind === 'slow' ? fault.ms : 0);
    const land = (): void => {
      const outcome = attempt(effect);
      resume(around, worker, scheduler.now() + backMs, () => {
        if (fault?.kind === 'answer-lost') reject(new Error('the answer was lost'));
        else if (outcome.ok) resolve(outcome.value);
        else reject(outcome.error);
      });
    };
    depart(around, worker, fault, () => {
      const arrivesAt = scheduler.now() + durationMs + legMs(around, worker);
      if (fault?.kind === 'fails') {
        resume(around, worker, arrivesAt, () => reject(new Error('throttled')));
      } else if (fault?.kind === 'retried') {
        scheduler.quietly(arrivesAt, () => attempt(effect));
        scheduler.quietly(arrivesAt + fault.ms, land);
      } else {
        scheduler.quietly(arrivesAt, land);
      }
    });
  });
