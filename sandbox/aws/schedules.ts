/** EventBridge Scheduler, as far as a sweep needs it: one schedule per share of the lanes, at a fixed rate. */
import type { FunctionPool } from './function-pool.ts';

export type Schedules = {
  start(shares: readonly (readonly number[])[]): void;
  stop(): void;
};

/** A round that is still under way when the next one is due is not joined by a second one: the pool has one process for each share. */
export const createSchedules = (sweep: FunctionPool, intervalMs: number): Schedules => {
  const timers: NodeJS.Timeout[] = [];

  const startOne = (lanes: readonly number[]): void => {
    let underWay = false;
    const invoke = async (): Promise<void> => {
      if (underWay) return;
      underWay = true;
      // A round that failed has said so in its log; the next one takes up what it left.
      await sweep.invoke({ lanes }).catch(() => undefined);
      underWay = false;
    };
    timers.push(setInterval(invoke, intervalMs));
    void invoke();
  };

  return {
    start: shares => {
      for (const lanes of shares) startOne(lanes);
    },
    stop: () => {
      for (const timer of timers.splice(0)) clearInterval(timer);
    },
  };
};
