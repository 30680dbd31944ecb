/** What a demo's grants live through, from their connection to the last look at each of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectGrants, type DemoGrant, mintedGrant } from '../demonstration.ts';
import type { LocalRun } from '../local-run.ts';
import { askDirectly, askOverHttp, startReader, useToken } from '../readers.ts';
import type { DemoRecord } from './record.ts';
import { type FinalCheck, type Outcome, weeksToLive } from './report.ts';
import { endOfSession, type Stage, type TrialResult, trials } from './trials.ts';

const read = { isRead: true } as const;
const ada: DemoGrant = {
  grantId: 'demo:ada',
  ownerId: '1001',
  strategy: 'weekly',
  label: 'weekly, nobody asks',
};
const grace: DemoGrant = {
  grantId: 'demo:grace',
  ownerId: '1002',
  strategy: 'weekly',
  label: 'in use',
  ...read,
};
const alan: DemoGrant = {
  grantId: 'demo:alan',
  ownerId: '1003',
  strategy: 'hourly',
  label: 'hourly, nobody asks',
};
const barbara: DemoGrant = {
  grantId: 'demo:barbara',
  ownerId: '1004',
  strategy: 'hourly',
  label: 'in use',
  ...read,
};
const edsger: DemoGrant = {
  grantId: 'demo:edsger',
  ownerId: '1005',
  strategy: 'weekly',
  label: 'in use',
  ...read,
};
const katherine: DemoGrant = {
  grantId: 'demo:katherine',
  ownerId: '1006',
  strategy: 'weekly',
  label: 'weekly',
};
const grants = [ada, grace, alan, barbara, edsger, katherine, mintedGrant];

/** Every getter asks each time, so several ask at once whenever a token has just ended. */
const readersPerGrant = 3;
const readerPauseMs = 250;
const finalTries = 5;

const startReaders = (run: LocalRun, record: DemoRecord) =>
  grants
    .filter(({ isRead }) => isRead)
    .flatMap(({ grantId }) =>
      Array.from({ length: readersPerGrant }, (_, index) =>
        startReader({
          grantId,
          ask: index === 0 ? askOverHttp(run) : askDirectly(run),
          pauseMs: readerPauseMs,
          caches: false,
          onEvent: record.onReading,
        }),
      ),
    );

/** The first "week" and the second one have their trials, the third shows that nothing is left of them. */
const endure = async (stage: Stage, startedAt: number): Promise<readonly TrialResult[]> => {
  const weekMs = stage.run.settings.refreshLifetimeMs;
  const first = await Promise.all([trials.apiCrash(stage, grace), trials.rateLimit(stage, barbara)]);
  await sleep(Math.max(0, startedAt + weekMs - performance.now()));
  const second = await Promise.all([
    trials.sweepCrash(stage, alan),
    trials.lostAnswer(stage, edsger),
    endOfSession(stage, mintedGrant),
  ]);
  await sleep(Math.max(0, startedAt + weeksToLive * weekMs - performance.now()));
  return [...first, ...second];
};

/** A refresh may be under way just now, so it is asked more than once. */
const checkGrant = async (run: LocalRun, { grantId }: DemoGrant): Promise<FinalCheck> => {
  let said = '';
  for (let tries = 0; tries < finalTries; tries += 1) {
    const answer = await askDirectly(run)(grantId);
    const status = answer.ok ? await useToken(answer.result) : undefined;
    if (status === 200) return { grantId, works: true, said: 'alive' };
    said = answer.ok ? `RingCentral answered ${status}` : `${answer.error.code}: ${answer.error.detail}`;
    await sleep(run.settings.minTokenAgeMs);
  }
  return { grantId, works: false, said };
};

export const live = async (run: LocalRun, record: DemoRecord): Promise<Outcome> => {
  await connectGrants(run, grants);
  const startedAt = performance.now();
  run.startSchedules();
  const readers = startReaders(run, record);
  const results = await endure({ run, record }, startedAt);
  await Promise.all(readers.map(reader => reader.stop()));
  const finalChecks = await Promise.all(grants.map(grant => checkGrant(run, grant)));
  return {
    livedMs: performance.now() - startedAt,
    weekMs: run.settings.refreshLifetimeMs,
    finalChecks,
    trials: results,
    counts: run.simulator.provider.stats().counts,
    record,
  };
};
