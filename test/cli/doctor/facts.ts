/** Facts of a deployment in which nothing is wrong, to change one of them. */
import { type Facts, fact, type Verdict } from '../../../cli/doctor/facts.ts';
import type { Check, Finding } from '../../../cli/doctor/finding.ts';
import { judge } from '../../../cli/doctor/judge.ts';
import type { Grant } from '../../../cli/keeper.ts';
import { defaultSettings } from '../../../functions/domain/settings.ts';
import { minute, start } from '../../domain/grants.ts';
import { appView, grantView } from '../grant-views.ts';

const clock = fact({ offsetMs: 120, uncertaintyMs: 540 });

export const healthy: Facts = {
  now: start + 10 * minute,
  local: false,
  title: 'stack Ringbearer in us-east-1',
  stackStatus: fact('UPDATE_COMPLETE'),
  settings: fact(defaultSettings),
  apps: fact([appView]),
  grants: fact({ grants: [grantView], complete: true }),
  awsClock: clock,
  probes: [{ app: 'main', server: appView.server, verdict: fact({ kind: 'accepted' }), clock }],
  sweepFunction: 'sweep',
  schedules: fact([
    {
      name: 'Schedule0',
      enabled: true,
      expression: 'rate(5 minutes)',
      target: 'arn:aws:lambda:us-east-1:1:function:sweep',
    },
  ]),
  deadLetters: fact(0),
  metrics: fact({
    oldestDueAge: [{ at: start + 6 * minute, ageMs: 20_000 }],
    spanMs: 3 * 60 * minute,
    sums: { CommitFailed: 0, Unreadable: 0, UnreadableLane: 0, EventNotSent: 0 },
  }),
};

export const withGrants = (...grants: Grant[]): Partial<Facts> => ({
  grants: fact({ grants, complete: true }),
});

export const withVerdict = (verdict: Verdict): Partial<Facts> => ({
  probes: healthy.probes.map(probe => ({ ...probe, verdict: fact(verdict) })),
});

export const denied = (code = 'AccessDeniedException', why = `AWS does not allow x:Y. (${code})`) =>
  ({ known: false, skipped: false, code, why, todo: 'Allow x:Y on z.' }) as const;

/** What is found of one check. */
export const found = (check: Check, change: Partial<Facts>): Finding[] =>
  judge({ ...healthy, ...change }).filter(finding => finding.check === check);
