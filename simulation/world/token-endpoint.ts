/** The provider as one worker reaches it: over a network that delays, drops, cuts off and garbles. */
import {
  classifyMintAnswer,
  classifyRevokeAnswer,
  classifyTokenAnswer,
  type RawAnswer,
  type Unknown,
} from '../../functions/domain/answer.ts';
import type { App } from '../../functions/domain/app.ts';
import type { RequestedTtls } from '../../functions/domain/tokens.ts';
import type { TokenEndpoint } from '../../functions/keeper/ports.ts';
import type { Fault } from './faults.ts';
import type { Asking, Processed, Provider, ProviderRequest } from './provider.ts';
import { depart, resume, type Surroundings, type Worker } from './worker.ts';

export type CallKind = 'refresh' | 'revoke' | 'exchange' | 'mint';

/** Told of a request when it leaves, when it was processed, and what its worker made of the answer. */
export type CallObserver = {
  sent(worker: Worker, kind: CallKind, token: string): Call;
};
export type Call = {
  processed(what: Processed): void;
  answered(kind: string): void;
};

const page: RawAnswer = { status: 502, body: '<html><body>Bad gateway</body></html>' };
const broken: RawAnswer = { status: 503, body: '{"error":"temporarily_unavailable"}' };

const process = (
  provider: Provider,
  kind: CallKind,
  request: ProviderRequest & Asking,
  fault: Fault | undefined,
): Processed => {
  switch (fault?.kind) {
    case 'limited':
      return provider.limit(request);
    case 'error-before':
      return { answer: broken, effect: 'none' };
    case 'html':
      if (fault.ms % 2 === 0) return { answer: page, effect: 'none' };
  }
  const processed = provider[kind](request);
  return { ...processed, answer: asReceived(processed.answer, fault) };
};

const asReceived = (answer: RawAnswer, fault: Fault | undefined): RawAnswer => {
  switch (fault?.kind) {
    case 'error-after':
      return broken;
    case 'html':
      return page;
    case 'truncated':
      return { ...answer, body: (answer.body ?? '').slice(0, 40) };
    default:
      return answer;
  }
};

export type NetworkSurroundings = Surroundings & {
  readonly provider: Provider;
  /** How long the worker waits for an answer. */
  readonly timeoutMs: number;
};

const unknown = (code: string): Unknown => ({ kind: 'unknown', code });

const lifetimesOf = ({ accessTokenTtlSeconds, refreshTokenTtlSeconds }: RequestedTtls) => ({
  lifetimes: {
    ...(accessTokenTtlSeconds !== undefined && { accessMs: 1000 * accessTokenTtlSeconds }),
    ...(refreshTokenTtlSeconds !== undefined && { refreshMs: 1000 * refreshTokenTtlSeconds }),
  },
});

type Asked = {
  readonly app: App;
  readonly kind: CallKind;
  readonly token: string;
} & Asking;

/**
 * The request is given up after `timeoutMs` of the worker's time; whatever is held up in the network may still arrive. An answer that
 * waits in the socket while the process stands still is read when it goes on, if it had arrived in time.
 */
const call = <A extends { readonly kind: string }>(
  around: NetworkSurroundings,
  worker: Worker,
  observer: CallObserver,
  { app, kind, token, ...session }: Asked,
  classify: (answer: RawAnswer, now: number) => A,
): Promise<A | Unknown> =>
  new Promise(resolve => {
    if (!worker.alive) return;
    const { scheduler, provider, timeoutMs, latencyMs } = around;
    const random = worker.operation?.random;
    const legMs = (): number => random?.between(0, 2 * latencyMs) ?? 0;
    const fault = around.meet(worker, { at: 'provider', name: kind });
    depart(around, worker, fault, () => {
      const sentAt = scheduler.now();
      const observed = observer.sent(worker, kind, token);
      const settle = (at: number, answer: () => A | Unknown): void =>
        resume(around, worker, at, () => {
          const settled = answer();
          observed.answered(settled.kind);
          resolve(settled);
        });
      if (fault?.kind === 'fails') {
        settle(sentAt + legMs(), () => unknown('network'));
        return;
      }
      const heldUpMs = fault?.kind === 'late-arrival' || fault?.kind === 'slow' ? fault.ms : 0;
      const timesOut = sentAt + timeoutMs;
      const arrivesAt = sentAt + heldUpMs + legMs();
      const backMs = legMs();
      if (arrivesAt + backMs >= timesOut) settle(timesOut, () => unknown('timeout'));
      scheduler.quietly(arrivesAt, () => {
        const request = {
          app: app.name,
          clientSecret: app.clientSecret,
          token,
          now: scheduler.now(),
          ...session,
        };
        const processed = process(provider, kind, request, fault);
        observed.processed(processed);
        if (arrivesAt + backMs >= timesOut) return;
        settle(arrivesAt + backMs, () =>
          fault?.kind === 'answer-lost'
            ? unknown('network')
            : classify(processed.answer, scheduler.now() + worker.clockOffsetMs),
        );
      });
    });
  });

export const createTokenEndpoint = (
  around: NetworkSurroundings,
  worker: Worker,
  observer: CallObserver,
): TokenEndpoint => ({
  refresh: (app, token, ttls = {}) =>
    call(
      around,
      worker,
      observer,
      { app, kind: 'refresh', token, ...lifetimesOf(ttls) },
      classifyTokenAnswer,
    ),
  revoke: (app, token) =>
    call(around, worker, observer, { app, kind: 'revoke', token }, classifyRevokeAnswer),
  exchange: (app, { code, endpointId }) =>
    call(
      around,
      worker,
      observer,
      { app, kind: 'exchange', token: code, ...(endpointId !== undefined && { endpointId }) },
      classifyTokenAnswer,
    ),
  mint: (app, { assertion, endpointId, ttls = {} }) =>
    call(
      around,
      worker,
      observer,
      {
        app,
        kind: 'mint',
        token: assertion,
        ...lifetimesOf(ttls),
        ...(endpointId !== undefined && { endpointId }),
      },
      classifyMintAnswer,
    ),
});
