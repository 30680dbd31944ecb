/** Consumers as a team has them: they ask for a token and use it at RingCentral's API, again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type DirectAnswer, direct } from './demonstration.ts';
import type { LocalRun } from './local-run.ts';

export type ReaderEvent = { readonly grantId: string } & (
  | { readonly type: 'served'; readonly generation: number; readonly cacheUntil: number }
  | { readonly type: 'used'; readonly generation: number }
  /** RingCentral answered 401 although the token was used within its promise. */
  | { readonly type: 'promise-broken'; readonly generation: number }
  /** RingCentral answered 401, the keeper was told, and it gave this generation instead. */
  | { readonly type: 'reported'; readonly generation: number; readonly instead: number }
  /** Told to come back, or that it is over. */
  | { readonly type: 'turned-away'; readonly code: string }
  /** No answer of the keeper's at all: its process died, or the run is being ended. */
  | { readonly type: 'interrupted' }
);

export type Token = {
  readonly accessToken: string;
  readonly cacheUntil: string;
  readonly generation: number;
  readonly server: string;
};

export type Ask = (grantId: string) => Promise<DirectAnswer<Token>>;

export const askDirectly =
  (run: LocalRun): Ask =>
  grantId =>
    direct<Token>(run, 'get', { action: 'getToken', grantId });

/** Tells the keeper that a token was rejected, as a consumer does after a 401. */
export const reportDirectly =
  (run: LocalRun) =>
  ({ generation }: Token, grantId: string): Promise<DirectAnswer<Token>> =>
    direct<Token>(run, 'get', { action: 'refreshToken', grantId, rejectedGeneration: generation });

export const askOverHttp =
  (run: LocalRun): Ask =>
  async grantId => {
    const answer = await fetch(`${run.url}/grants/${grantId}/token`);
    const body = await answer.json();
    if (answer.ok) return { ok: true, result: body as Token };
    const problem = body as { status?: number; code?: string; detail?: string };
    if (problem.code === undefined) throw new Error(`API Gateway answered ${answer.status}`);
    return { ok: false, error: problem as { status: number; code: string; detail: string } };
  };

/** The status that RingCentral's API answers this token with. */
export const useToken = async ({ server, accessToken }: Token): Promise<number> => {
  const answer = await fetch(`${server}/restapi/v1.0/account/~/extension/~`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  await answer.arrayBuffer();
  return answer.status;
};

export type ReaderOptions = {
  readonly grantId: string;
  readonly ask: Ask;
  readonly pauseMs: number;
  /** Keeps a token for as long as it was promised, instead of asking every time. */
  readonly caches: boolean;
  /** What to do after a 401 within the promise; without it that is a broken promise. */
  readonly report?: (token: Token, grantId: string) => Promise<DirectAnswer<Token>>;
  readonly onEvent: (event: ReaderEvent) => void;
};

const isFresh = (token: Token): boolean => Date.now() < Date.parse(token.cacheUntil);

/** Asks, or returns nothing and has said why. */
const obtain = async ({ grantId, ask, onEvent }: ReaderOptions): Promise<Token | undefined> => {
  const answer = await ask(grantId);
  if (!answer.ok) {
    onEvent({ type: 'turned-away', grantId, code: answer.error.code });
    return undefined;
  }
  const { generation, cacheUntil } = answer.result;
  onEvent({ type: 'served', grantId, generation, cacheUntil: Date.parse(cacheUntil) });
  return answer.result;
};

/** Returns the token to go on with. */
const use = async (token: Token, { grantId, onEvent, report }: ReaderOptions): Promise<Token | undefined> => {
  const { generation } = token;
  const status = await useToken(token);
  if (status === 200) {
    onEvent({ type: 'used', grantId, generation });
    return token;
  }
  // A refusal that came after the promise was over is nobody's fault: the token was too old.
  if (!isFresh(token)) return undefined;
  if (report === undefined) {
    onEvent({ type: 'promise-broken', grantId, generation });
    return undefined;
  }
  const answer = await report(token, grantId);
  if (!answer.ok) return undefined;
  onEvent({ type: 'reported', grantId, generation, instead: answer.result.generation });
  return answer.result;
};

export const startReader = (options: ReaderOptions): { stop(): Promise<void> } => {
  const { grantId, pauseMs, caches, onEvent } = options;
  const stopping = new AbortController();
  let kept: Token | undefined;

  const round = async (): Promise<void> => {
    try {
      const token = caches && kept !== undefined && isFresh(kept) ? kept : await obtain(options);
      kept = token !== undefined && isFresh(token) ? await use(token, options) : token;
    } catch {
      kept = undefined;
      onEvent({ type: 'interrupted', grantId });
    }
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await round();
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const ended = loop();
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
};
