/** One question to the API: tried again after passing failures, shared by all who ask the same, checked when answered. */
import { errorOf, type Problem, RingbearerError, Unreachable } from './errors.ts';
import type { TokenRequest, Transport } from './transport.ts';
import type { Clock } from './types.ts';

/** API Gateway gives up after 30 s, and the api function ends after 29. */
const answerTimeoutMs = 30_000;
const maxTries = 4;
const firstPauseMs = 200;

/** Of these, the same request sent again can turn out otherwise. */
const passing = ['refresh-pending', 'provider-unavailable', 'unreachable', 'internal-error'];

/** `undefined`: trying again is of no use. */
const pauseMsAfter = (error: RingbearerError, tries: number): number | undefined => {
  if (!passing.includes(error.code) || tries === maxTries) return undefined;
  return error.retryAfterSeconds === undefined
    ? firstPauseMs * 2 ** (tries - 1)
    : error.retryAfterSeconds * 1000;
};

const unreachable = (cause: unknown, grantId: string): RingbearerError => {
  const name = (cause as Error | undefined)?.name ?? 'unknown';
  const problem: Problem = { code: 'unreachable', status: 0, detail: `no answer (${name})` };
  return new Unreachable(problem, grantId, { cause });
};

const sendOnce = async (transport: Transport, request: TokenRequest): Promise<unknown> => {
  const { grantId } = request;
  const answer = await transport(request, AbortSignal.timeout(answerTimeoutMs)).catch((error: unknown) => {
    throw error instanceof RingbearerError ? error : unreachable(error, grantId);
  });
  if (answer.ok) return answer.result;
  throw errorOf(answer.error, grantId);
};

export type Ask = (request: TokenRequest) => Promise<unknown>;

/** `maxWaitMs`: pauses between tries that would go on for longer than this after the first try are not begun. */
export const createAsk =
  (transport: Transport, clock: Clock, maxWaitMs: number): Ask =>
  async request => {
    const giveUpAt = clock.now() + maxWaitMs;
    for (let tries = 1; ; tries += 1) {
      try {
        return await sendOnce(transport, request);
      } catch (error) {
        const pauseMs = pauseMsAfter(error as RingbearerError, tries);
        if (pauseMs === undefined || clock.now() + pauseMs > giveUpAt) throw error;
        await clock.sleep(pauseMs);
      }
    }
  };

/** As `promise`, but for this caller only over with `signal`: what others wait for goes on. */
export const unlessAborted = <T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> => {
  if (signal === undefined || signal === null) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
};
