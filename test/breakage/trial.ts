/** One trial: a stage under load, something that goes wrong there, and what is left of it afterwards. */
import { type Aftermath, aftermath } from './aftermath.ts';
import { createKiller, type Killer, type Kills } from './killer.ts';
import { createWitness, type Load, startLoad, type Witness } from './load.ts';
import type { Random } from './random.ts';
import { openStage, type Stage } from './stage.ts';
import { calm } from './weather.ts';

export type Outcome = Aftermath & {
  readonly kills: Kills;
  /** How often the functions gave each answer to consumers, and to the schedules. */
  readonly answers: Readonly<Record<string, number>>;
  readonly sweeps: Readonly<Record<string, number>>;
  readonly brokenPromises: readonly string[];
  /** Processes that ended although nobody had killed them. */
  readonly crashes: readonly string[];
  readonly strayLines: readonly string[];
  readonly facts: Readonly<Record<string, number>>;
  readonly events: readonly string[];
  readonly needless: readonly string[];
  readonly sessionsEnded: number;
  readonly requests: {
    readonly refreshed: number;
    readonly replayed: number;
    readonly refused: number;
    readonly needless: number;
  };
  readonly lost: {
    readonly tokenAnswers: number;
    readonly writeAnswers: number;
    readonly commitAnswers: number;
  };
  readonly struck: Readonly<Record<'store' | 'provider' | 'aws', Readonly<Record<string, number>>>>;
};

export type Trial = AsyncDisposable & {
  readonly stage: Stage;
  readonly killer: Killer;
  readonly witness: Witness;
  /** Ends the load, waits until everything is at rest, and asks for every grant. Of everything since the trial began. */
  conclude(): Promise<Outcome>;
};

/** Each with the requests of the session before it, and the kills meanwhile: enough to tell what happened. */
const describeNeedless = ({ simulator }: Stage, killer: Killer): string[] => {
  const log = simulator.provider.log();
  return log.flatMap(entry => {
    if (entry.needless === undefined) return [];
    const before = log
      .filter(({ seq, sessionId }) => sessionId === entry.sessionId && seq <= entry.seq)
      .slice(-4);
    const since = before[0]?.at ?? entry.at;
    const requests = before.map(({ at, outcome, delivery }) => `${at - since} ms ${outcome}, ${delivery}`);
    const kills = killer.log
      .filter(({ at }) => at >= since && at <= entry.at)
      .map(({ at, events, forgiven }) => `${at - since} ms ${JSON.stringify(events)} forgiven ${forgiven}`);
    return [`${entry.needless}, owner ${entry.ownerId}: ${requests.join('; ')}; kills: ${kills.join('; ')}`];
  });
};

const outcomeOf = (stage: Stage, killer: Killer, witness: Witness, load: Load, after: Aftermath): Outcome => {
  const { simulator, deaths, strayLines, facts, aws, proxies, losses } = stage;
  const { refreshed, replayed, refused, needless } = simulator.provider.stats().counts;
  return {
    ...after,
    kills: { ...killer.kills },
    answers: Object.fromEntries(witness.answers),
    sweeps: Object.fromEntries(load.sweeps),
    brokenPromises: [...witness.brokenPromises],
    crashes: deaths
      .filter(({ pid }) => !killer.pids.has(pid))
      .map(({ functionName, signal }) => `${functionName}: ${signal ?? 'exit'}`),
    strayLines: [...strayLines],
    facts: Object.fromEntries(facts),
    events: aws.events.map(({ type }) => type),
    needless: describeNeedless(stage, killer),
    sessionsEnded: simulator.provider.sessions().filter(({ alive }) => !alive).length,
    requests: { refreshed, replayed, refused, needless },
    lost: { ...losses.counts },
    struck: {
      store: { ...proxies.store.struck },
      provider: { ...proxies.provider.struck },
      aws: { ...proxies.aws.struck },
    },
  };
};

export const openTrial = async (random: Random): Promise<Trial> => {
  const stage = await openStage(random);
  const witness = createWitness(stage);
  const killer = createKiller(stage, random);
  let load = startLoad(stage, witness, random);
  return {
    stage,
    killer,
    witness,
    conclude: async () => {
      for (const proxy of Object.values(stage.proxies)) proxy.setWeather(calm);
      const after = await aftermath(stage, witness, load);
      load.stopSweeps();
      const outcome = outcomeOf(stage, killer, witness, load, after);
      load = startLoad(stage, witness, random);
      return outcome;
    },
    [Symbol.asyncDispose]: async () => {
      killer.stop();
      load.stopSweeps();
      const stopped = load.stopConsumers();
      await stage.close();
      await stopped;
    },
  };
};
