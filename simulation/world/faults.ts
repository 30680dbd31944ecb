/** What can go wrong at an await, and how often it does in one seed. */
import type { Random } from '../engine/random.ts';

/** What a worker waits for. */
export type AwaitClass = 'read' | 'write' | 'provider' | 'apps' | 'event' | 'sleep';

export const faultKinds = [
  /** The process dies before the request leaves, or once it is under way. */
  'crash-before',
  'crash-after',
  /** The process stands still before the request leaves, or before it sees the answer. */
  'freeze-before',
  'freeze-after',
  /** Throttled, or not reached: an error, and nothing has happened. */
  'fails',
  /** It took effect, and the worker gets an error. */
  'answer-lost',
  /** It took effect, its answer was lost, and the client tried again by itself. */
  'retried',
  'slow',
  /** Provider: 5xx without and with effect, cut off, a page of a proxy, a limit, held up in the network. */
  'error-before',
  'error-after',
  'truncated',
  'html',
  'limited',
  'late-arrival',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const anywhere = ['crash-before', 'crash-after', 'freeze-before', 'freeze-after'] as const;

export const faultsAt: Readonly<Record<AwaitClass, readonly FaultKind[]>> = {
  read: [...anywhere, 'fails', 'slow'],
  write: [...anywhere, 'fails', 'answer-lost', 'retried', 'slow'],
  provider: [
    ...anywhere,
    ...(['fails', 'answer-lost', 'slow'] as const),
    ...(['error-before', 'error-after', 'truncated', 'html', 'limited', 'late-arrival'] as const),
  ],
  apps: [...anywhere, 'fails', 'slow'],
  event: [...anywhere, 'fails', 'answer-lost', 'slow'],
  sleep: ['crash-before', 'freeze-after'],
};

export type Fault = {
  readonly kind: FaultKind;
  /** Of a pause or a delay. */
  readonly ms: number;
  /** The process stands still as well before it sees what became of it. */
  readonly freezeMs?: number;
};

/** How likely a fault is at an await, and which kinds this seed has at all. */
export type FaultRates = {
  readonly atProvider: number;
  readonly elsewhere: number;
  readonly kinds: ReadonlySet<FaultKind>;
};

export const drawFaultRates = (random: Random): FaultRates => ({
  atProvider: random.pick([0, 0.2, 0.4, 0.7]),
  elsewhere: random.pick([0, 0.02, 0.05, 0.12]),
  kinds: new Set(faultKinds.filter(() => random.chance(0.6))),
});

/** Pauses: shorter than a lease, about as long, past the invocation's end, and past any window. */
const pauseMs = (random: Random): number =>
  random.pick([
    random.between(100, 10_000),
    random.between(30_000, 120_000),
    random.between(60_000, 1_200_000),
    random.between(1_200_000, 7_200_000),
  ]);

const delayMs = (kind: FaultKind, random: Random): number => {
  switch (kind) {
    case 'freeze-before':
    case 'freeze-after':
      return pauseMs(random);
    case 'slow':
      return random.between(500, 3_000);
    case 'retried':
      // Between the two tries the process may stand still.
      return random.chance(0.7) ? random.between(0, 500) : random.between(30_000, 240_000);
    case 'late-arrival':
      return random.between(8_000, 90_000);
    default:
      return random.between(0, 500);
  }
};

export const drawFault = (rates: FaultRates, at: AwaitClass, random: Random): Fault | undefined => {
  if (!random.chance(at === 'provider' ? rates.atProvider : rates.elsewhere)) return undefined;
  const kind = random.pick(faultsAt[at]);
  if (!rates.kinds.has(kind)) return undefined;
  const alsoFreezes = at === 'provider' && rates.kinds.has('freeze-after') && random.chance(0.15);
  return { kind, ms: delayMs(kind, random), ...(alsoFreezes && { freezeMs: pauseMs(random) }) };
};
