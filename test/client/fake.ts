/** A Ringbearer that answers as it is told, and a clock that is moved. */
import type { AccessToken, Clock, TokenAnswer, TokenRequest, Transport } from '../../client/index.ts';

export const startAt = Date.UTC(2026, 0, 31, 12);
export const minuteMs = 60_000;

export type FakeClock = Clock & { advance(ms: number): void; readonly pauses: number[] };

/** Whoever sleeps wakes at once, and it is later. */
export const fakeClock = (): FakeClock => {
  let now = startAt;
  const pauses: number[] = [];
  return {
    now: () => now,
    sleep: async ms => {
      pauses.push(ms);
      now += ms;
    },
    advance: ms => {
      now += ms;
    },
    pauses,
  };
};

export const tokenOf = (generation: number, extra: Partial<AccessToken> = {}): AccessToken => ({
  grantId: 'acme:101',
  accessToken: `token-${generation}`,
  tokenType: 'bearer',
  expiresAt: new Date(startAt + 60 * minuteMs).toISOString(),
  cacheUntil: new Date(startAt + 40 * minuteMs).toISOString(),
  generation,
  server: 'https://platform.example',
  ...extra,
});

export const served = (generation: number, extra: Partial<AccessToken> = {}): TokenAnswer => ({
  ok: true,
  result: tokenOf(generation, extra),
});

export const refused = (code: string, status: number, retryAfterSeconds?: number): TokenAnswer => ({
  ok: false,
  error: { code, status, detail: 'Why.', ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
});

type Open = {
  readonly request: TokenRequest;
  answer(answer: TokenAnswer): Promise<void>;
  fail(error: unknown): Promise<void>;
};

const settled = () => new Promise<void>(resolve => setImmediate(resolve));

/** Each request waits until the test answers it. */
export const manualTransport = () => {
  const open: Open[] = [];
  const transport: Transport = request =>
    new Promise((resolve, reject) => {
      open.push({
        request,
        answer: async answer => {
          resolve(answer);
          await settled();
        },
        fail: async error => {
          reject(error);
          await settled();
        },
      });
    });
  return { transport, open };
};

/** The answers one after the other, and the last of them for ever. */
export const scripted = (...answers: (TokenAnswer | Error)[]) => {
  const requests: TokenRequest[] = [];
  const transport: Transport = async request => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  };
  return { transport, requests };
};
