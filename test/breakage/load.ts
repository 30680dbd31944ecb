/** Consumers in numbers, and a witness of everything they were told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { laneCount } from '../../functions/domain/lane.ts';
import type { FunctionPool } from '../../sandbox/aws/function-pool.ts';
import { FunctionError } from '../../sandbox/aws/function-process.ts';
import { createSchedules } from '../../sandbox/aws/schedules.ts';
import type { Random } from './random.ts';
import { type Stage, type StagedGrant, settings, sweepShares } from './stage.ts';

type Token = { readonly accessToken: string; readonly cacheUntil: string; readonly generation: number };

type Answer =
  | { readonly ok: true; readonly result: Token }
  | { readonly ok: false; readonly error: { readonly code: string } };

export type Witness = {
  /** How often each answer came: `ok`, a problem's code, or `!` and what went wrong where there was none. */
  readonly answers: Map<string, number>;
  /** Tokens that the provider's API refused although their promise held. */
  readonly brokenPromises: string[];
  ask(grant: StagedGrant): Promise<Token | undefined>;
  /** Asks for a token, and says that it was rejected. */
  report(grant: StagedGrant): Promise<Token | undefined>;
  /** The latest answer to a question about this grant. */
  lastAnswer(grant: StagedGrant): string | undefined;
  /** Every token that is still promised, used once more. */
  useAll(): void;
};

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

export const createWitness = ({ api, simulator }: Stage): Witness => {
  const answers = new Map<string, number>();
  const brokenPromises: string[] = [];
  const last = new Map<string, string>();
  const held = new Map<string, { readonly grantId: string; readonly token: Token }>();
  /** From a report on, the reported token may die before its promise ends. */
  const reported = new Map<string, number>();

  /** Within one turn of the event loop: nothing can happen between the look at the clock and the provider's answer. */
  const use = (grantId: string, token: Token): void => {
    const isPromised = Date.now() < Date.parse(token.cacheUntil);
    if (!isPromised || token.generation <= (reported.get(grantId) ?? 0)) {
      held.delete(token.accessToken);
      return;
    }
    held.set(token.accessToken, { grantId, token });
    const { status, body } = simulator.provider.readExtension(token.accessToken);
    if (status === 200) return;
    held.delete(token.accessToken);
    brokenPromises.push(`${grantId} generation ${token.generation}: ${body}`);
  };

  const note = (grantId: string, answer: string): void => {
    count(answers, answer);
    last.set(grantId, answer);
  };

  const invoke = async (grantId: string, event: object): Promise<Token | undefined> => {
    try {
      const answer = (await api.invoke({ grantId, ...event }, 'get')) as Answer;
      note(grantId, answer.ok ? 'ok' : answer.error.code);
      if (!answer.ok) return undefined;
      use(grantId, answer.result);
      return answer.result;
    } catch (error) {
      note(grantId, error instanceof FunctionError ? `!${error.type}` : `!${String(error)}`);
      return undefined;
    }
  };

  return {
    answers,
    brokenPromises,
    ask: ({ grantId }) => invoke(grantId, { action: 'getToken' }),
    report: async grant => {
      const { grantId } = grant;
      const token = await invoke(grantId, { action: 'getToken' });
      if (token === undefined) return undefined;
      reported.set(grantId, Math.max(token.generation, reported.get(grantId) ?? 0));
      return invoke(grantId, { action: 'refreshToken', rejectedGeneration: token.generation });
    },
    lastAnswer: ({ grantId }) => last.get(grantId),
    useAll: () => {
      for (const { grantId, token } of [...held.values()]) use(grantId, token);
    },
  };
};

export type Load = {
  /** What became of the sweeps: `ok`, or the error. */
  readonly sweeps: ReadonlyMap<string, number>;
  stopConsumers(): Promise<void>;
  stopSweeps(): void;
};

const lanesOf = (share: number): number[] =>
  Array.from({ length: laneCount }, (_, lane) => lane).filter(lane => lane % sweepShares === share);

const counted = (pool: FunctionPool, counts: Map<string, number>): FunctionPool => ({
  ...pool,
  invoke: async (event, alias) => {
    try {
      const result = await pool.invoke(event, alias);
      count(counts, 'ok');
      return result;
    } catch (error) {
      count(counts, error instanceof FunctionError ? `!${error.type}` : `!${String(error)}`);
      throw error;
    }
  },
});

const consumers = 5;
const reportShare = 0.35;
const useAllEveryMs = 100;

/** Consumers ask for the same grant two or three at a time, so that there is something to be fought over. */
export const startLoad = (stage: Stage, witness: Witness, random: Random): Load => {
  const sweeps = new Map<string, number>();
  const schedules = createSchedules(counted(stage.sweep, sweeps), settings.sweepIntervalMs);
  schedules.start(Array.from({ length: sweepShares }, (_, share) => lanesOf(share)));
  const using = setInterval(witness.useAll, useAllEveryMs);
  let stopped = false;

  const consume = async (): Promise<void> => {
    while (!stopped) {
      const grant = random.pick(stage.grants);
      if (grant === undefined) return;
      const others = Array.from({ length: random.between(1, 2) }, () => witness.ask(grant));
      await Promise.all([random.chance(reportShare) ? witness.report(grant) : witness.ask(grant), ...others]);
      await sleep(random.between(10, 100));
    }
  };

  const ended = Promise.all(Array.from({ length: consumers }, consume));
  return {
    sweeps,
    stopConsumers: async () => {
      stopped = true;
      await ended;
      clearInterval(using);
    },
    stopSweeps: () => schedules.stop(),
  };
};
