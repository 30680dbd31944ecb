/** The verdict on a demo, and its figures. Pure. */

import type { Counts } from '../ringcentral/index.ts';
import { duration } from '../screen/durations.ts';
import type { DemoRecord } from './record.ts';
import type { TrialResult } from './trials.ts';

/** What RingCentral's API said to a grant's token in the end. */
export type FinalCheck = { readonly grantId: string; readonly works: boolean; readonly said: string };

export type Outcome = {
  readonly livedMs: number;
  readonly weekMs: number;
  readonly finalChecks: readonly FinalCheck[];
  readonly trials: readonly TrialResult[];
  readonly counts: Counts;
  readonly record: Pick<DemoRecord, 'refreshes' | 'mints' | 'deaths' | 'readings'>;
};

export const weeksToLive = 3;

const weeksOf = ({ livedMs, weekMs }: Outcome): number => livedMs / weekMs;

const trialFailures = ({ name, grantId, happened, survived }: TrialResult): string[] => {
  if (happened === undefined) return [`${name}: it could not be brought about at ${grantId}`];
  return survived ? [] : [`${name}: ${grantId} was not refreshed after it`];
};

/** Everything that was promised and is not so; empty if all is well. */
export const failuresOf = (outcome: Outcome): string[] => {
  const { finalChecks, counts, record } = outcome;
  const { needless, replaysAfterDelivery, concurrentRefreshes, inPenalty, refreshesAfterRefusal } = counts;
  const broken = record.readings['promise-broken'];
  return [
    ...(weeksOf(outcome) < weeksToLive ? [`it lived for ${weeksOf(outcome).toFixed(1)} "weeks" only`] : []),
    ...finalChecks
      .filter(({ works }) => !works)
      .map(({ grantId, said }) => `${grantId} is not alive: ${said}`),
    ...outcome.trials.flatMap(trialFailures),
    ...(needless > 0
      ? [
          `${needless} token requests should not have been made (concurrent ${concurrentRefreshes}, in a penalty ${inPenalty}, ` +
            `after a refusal ${refreshesAfterRefusal}, replay of a delivered answer ${replaysAfterDelivery})`,
        ]
      : []),
    ...(broken > 0 ? [`${broken} times a token was refused within its promise`] : []),
    ...(record.readings.used === 0 ? ['nobody used a token'] : []),
  ];
};

const countBy = <T>(items: readonly T[], keyOf: (item: T) => string): string => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return [...counts].map(([key, count]) => `${key} ${count}`).join(', ');
};

const reasonOf = ({ reason, replayed }: { reason: string; replayed: boolean }): string =>
  replayed ? 'lost answer asked for again' : ({ due: 'due', getter: 'on demand' }[reason] ?? reason);

export const summarise = (outcome: Outcome): string[] => {
  const { livedMs, weekMs, finalChecks, counts, record } = outcome;
  const { readings, refreshes, mints, deaths } = record;
  const alive = finalChecks.filter(({ works }) => works).length;
  const rows: readonly (readonly [string, string])[] = [
    ['lived', `${weeksOf(outcome).toFixed(1)} "weeks" of ${duration(weekMs)}, in ${duration(livedMs)}`],
    ['grants alive', `${alive} of ${finalChecks.length}`],
    ['refreshes', `${refreshes.length} (${countBy(refreshes, reasonOf)})`],
    ['mints', `${mints.length}, from a JWT credential`],
    ['token requests', `${counts.tokenRequests}, of which needless ${counts.needless}`],
    ['replays after a loss', `${counts.replaysAfterLoss}`],
    ['tokens served', `${readings.served}, used at RingCentral's API ${readings.used} times`],
    ['told to wait', `${readings['turned-away']}; answers that died with a process ${readings.interrupted}`],
    ['refused in promise', `${readings['promise-broken']}`],
    ['processes killed', `${deaths.length}`],
    ...outcome.trials.map(
      ({ name, grantId, happened, survived }) =>
        [name, `${grantId}: ${happened ?? 'did not happen'}${survived ? ', survived' : ''}`] as const,
    ),
  ];
  return rows.map(([name, value]) => `${name.padEnd(22)}${value}`);
};
