/** Virtual time: what is to happen, in order; between two events everything that they woke runs until it waits again. */

export type Scheduler = {
  now(): number;
  /** Events of the same time happen in the order in which they were scheduled. */
  at(time: number, action: () => void): void;
  /** As `at`, for what wakes nobody: the next event follows at once. */
  quietly(time: number, action: () => void): void;
  /** Runs until the given time, or until nothing is left to happen. */
  runUntil(time: number): Promise<void>;
  /** Events that have happened. */
  steps(): number;
};

type Event = {
  readonly time: number;
  readonly order: number;
  readonly action: () => void;
  readonly wakes: boolean;
};

const isBefore = (a: Event, b: Event): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

const push = (heap: Event[], event: Event): void => {
  let i = heap.push(event) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isBefore(event, heap[parent] as Event)) break;
    heap[i] = heap[parent] as Event;
    i = parent;
  }
  heap[i] = event;
};

const siftDown = (heap: Event[], event: Event): void => {
  let i = 0;
  for (;;) {
    const left = 2 * i + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const least = right < heap.length && isBefore(heap[right] as Event, heap[left] as Event) ? right : left;
    if (!isBefore(heap[least] as Event, event)) break;
    heap[i] = heap[least] as Event;
    i = least;
  }
  heap[i] = event;
};

const pop = (heap: Event[]): Event | undefined => {
  const first = heap[0];
  const last = heap.pop();
  if (last !== undefined && heap.length > 0) siftDown(heap, last);
  return first;
};

/** All microtasks have run when the next immediate does. */
const everythingElseWaits = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

export const createScheduler = (startAt: number): Scheduler => {
  const heap: Event[] = [];
  let time = startAt;
  let order = 0;
  let steps = 0;
  const schedule = (when: number, action: () => void, wakes: boolean): void =>
    push(heap, { time: Math.max(when, time), order: order++, action, wakes });
  return {
    now: () => time,
    steps: () => steps,
    at: (when, action) => schedule(when, action, true),
    quietly: (when, action) => schedule(when, action, false),
    runUntil: async end => {
      await everythingElseWaits();
      while (heap.length > 0 && (heap[0] as Event).time <= end) {
        const event = pop(heap) as Event;
        time = event.time;
        steps += 1;
        event.action();
        if (event.wakes) await everythingElseWaits();
      }
      time = Math.max(time, end);
    },
  };
};
