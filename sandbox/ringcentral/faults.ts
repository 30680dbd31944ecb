/** Faults to come: what goes wrong with the next requests that match. A queue; each request takes the first that fits. */

export type FaultEndpoint = 'token' | 'revoke' | 'resource' | 'authorize';

/** `processed`: whether the request has its effect before it goes wrong. Its default is said where there is a choice. */
type FaultKind =
  /** Nothing but slow: waits `delayMs` before the request is processed, or (`processed`) between that and the answer. */
  | { readonly kind: 'delay'; readonly delayMs: number; readonly processed?: boolean }
  /** The connection is cut before the request is processed. */
  | { readonly kind: 'drop-before' }
  /** The connection is cut after it, without an answer. */
  | { readonly kind: 'drop-after' }
  /** A JSON error of this status. Default: not processed. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly processed?: boolean;
      readonly retryAfterSeconds?: number;
    }
  /** Half of the right body, under its full `Content-Length`, then the connection is cut. Processed. */
  | { readonly kind: 'truncate' }
  /** A page as proxies and load balancers send, default status 502. Default: not processed. */
  | { readonly kind: 'html'; readonly status?: number; readonly processed?: boolean }
  /** Status 200, said to be JSON, and is not. Default: processed. */
  | { readonly kind: 'garbage'; readonly processed?: boolean }
  /** Status 200 and a JSON body of this many bytes, default 8 MiB, at most 64 MiB. Default: processed. */
  | { readonly kind: 'oversize'; readonly bytes?: number; readonly processed?: boolean }
  /** A 429 that starts a real penalty of this length (default: the provider's own). Token and revoke endpoints only. */
  | { readonly kind: 'rate-limit'; readonly retryAfterSeconds?: number };

export type Fault = FaultKind & {
  readonly endpoint: FaultEndpoint;
  /** Only requests of this user. */
  readonly ownerId?: string;
  /** How many requests it hits. Default 1. */
  readonly times?: number;
};

export type FaultQueue = {
  /** Throws a RangeError on what is not a fault. */
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  /** What is still to come, `times` counted down. */
  readonly list: () => readonly Fault[];
  readonly take: (endpoint: FaultEndpoint, ownerId: string | undefined) => Fault | undefined;
};

const endpoints: readonly string[] = ['token', 'revoke', 'resource', 'authorize'] satisfies FaultEndpoint[];
const kinds: readonly string[] = [
  'delay',
  'drop-before',
  'drop-after',
  'status',
  'truncate',
  'html',
  'garbage',
  'oversize',
  'rate-limit',
] satisfies Fault['kind'][];

const maxQueued = 1000;

const between = (name: string, value: unknown, least: number, most: number): void => {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`);
  }
};

/** The admin surface passes on whatever it was sent. */
const check = (fault: Fault): void => {
  if (!endpoints.includes(fault.endpoint))
    throw new RangeError(`endpoint must be one of ${endpoints.join(', ')}`);
  if (!kinds.includes(fault.kind)) throw new RangeError(`kind must be one of ${kinds.join(', ')}`);
  if (fault.kind === 'delay' && fault.delayMs === undefined) throw new RangeError('delayMs is missing');
  if (fault.kind === 'status' && fault.status === undefined) throw new RangeError('status is missing');
  if (fault.kind === 'rate-limit' && (fault.endpoint === 'resource' || fault.endpoint === 'authorize')) {
    throw new RangeError('rate-limit: token and revoke endpoints only');
  }
  const { delayMs, status, retryAfterSeconds, bytes, times } = fault as Partial<Record<string, unknown>>;
  between('delayMs', delayMs, 0, 600_000);
  between('status', status, 200, 599);
  between('retryAfterSeconds', retryAfterSeconds, 0, 86_400);
  between('bytes', bytes, 0, 64 * 1024 * 1024);
  between('times', times, 1, 1_000_000);
};

export const createFaultQueue = (): FaultQueue => {
  let queue: Fault[] = [];
  return {
    add: fault => {
      check(fault);
      if (queue.length >= maxQueued) throw new RangeError(`no more than ${maxQueued} faults may be queued`);
      queue.push({ ...fault });
    },
    clear: () => {
      queue = [];
    },
    list: () => queue.map(fault => ({ ...fault })),
    take: (endpoint, ownerId) => {
      const fits = (fault: Fault) =>
        fault.endpoint === endpoint && (fault.ownerId === undefined || fault.ownerId === ownerId);
      const fault = queue.find(fits);
      if (fault === undefined) return undefined;
      const left = (fault.times ?? 1) - 1;
      queue = queue.flatMap(each => (each !== fault ? [each] : left > 0 ? [{ ...fault, times: left }] : []));
      return fault;
    },
  };
};
