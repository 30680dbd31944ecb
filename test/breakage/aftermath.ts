/** After the breakage: everything comes to rest by itself, and then every grant is asked for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant } from '../../functions/domain/grant.ts';
import type { Load, Witness } from './load.ts';
import { type Stage, type StagedGrant, settings } from './stage.ts';

/** An attempt, the longest hold, the sweep, and twice as much again for a machine that is busy with other things. */
const quietMs = 3 * (settings.leaseMs + (settings.holdStepsMs.at(-1) ?? 0) + 2 * settings.sweepIntervalMs);

const isAtRest = (grant: Grant | undefined): boolean =>
  grant?.state === 'active' && grant.sent === undefined && grant.refusal === undefined;

const unrestOf = async ({ grants, store }: Stage): Promise<string[]> => {
  const stored = await Promise.all(grants.map(({ grantId }) => store.grants.get(grantId)));
  return stored.flatMap((record, index) => {
    const grant = record?.value;
    const about = `${grant?.state}, sent ${grant?.sent?.at}, due ${grant?.dueAt}, hold ${grant?.holdUntil}, now ${Date.now()}`;
    return isAtRest(grant) ? [] : [`${grants[index]?.grantId}: ${about}`];
  });
};

/** What is not at rest when the quiet time is over. */
export const settle = async (stage: Stage): Promise<string[]> => {
  const endsAt = Date.now() + quietMs;
  let unrest = await unrestOf(stage);
  while (unrest.length > 0 && Date.now() < endsAt) {
    await sleep(100);
    unrest = await unrestOf(stage);
  }
  return unrest;
};

/** As a consumer does who is told to come back. */
const untilTold = async <T>(ask: () => Promise<T | undefined>): Promise<T | undefined> => {
  const endsAt = Date.now() + quietMs;
  let told = await ask();
  while (told === undefined && Date.now() < endsAt) {
    await sleep(200);
    told = await ask();
  }
  return told;
};

/**
 * What is wrong with a grant, if anything. A served token that the API accepts says that the access token lives; one more refresh, that
 * the refresh token does.
 */
const ailmentOf = async (
  { simulator }: Stage,
  witness: Witness,
  grant: StagedGrant,
): Promise<string | undefined> => {
  const served = await untilTold(() => witness.ask(grant));
  if (served === undefined) return `not served: ${witness.lastAnswer(grant)}`;
  const renewed = await untilTold(() => witness.report(grant));
  if (renewed === undefined) return `not refreshed: ${witness.lastAnswer(grant)}`;
  if (renewed.generation <= served.generation) return `still generation ${served.generation}`;
  const { status, body } = simulator.provider.readExtension(renewed.accessToken);
  return status === 200 ? undefined : `refused: ${body}`;
};

export type Aftermath = {
  readonly unrest: readonly string[];
  /** Grants that were not served, not refreshed, or whose token was refused, and which of it. */
  readonly dead: readonly string[];
};

/** The sweeps go on meanwhile; nothing else does. */
export const aftermath = async (stage: Stage, witness: Witness, load: Load): Promise<Aftermath> => {
  await load.stopConsumers();
  const unrest = await settle(stage);
  const ailments = await Promise.all(
    stage.grants.map(async grant => {
      const ailment = await ailmentOf(stage, witness, grant);
      return ailment === undefined ? [] : [`${grant.grantId} ${ailment}`];
    }),
  );
  return { unrest, dead: ailments.flat() };
};
