/** The provider of the simulation and that of the local run, side by side: written apart, from the same facts. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { local, simulated } from './provider-sides.ts';
import { rulesOf, sequences } from './provider-steps.ts';
import { type Clock, type Outcome, play } from './provider-trace.ts';

const startAt = 1_793_577_600_000;

/** Each must have happened: otherwise nothing was compared. */
const mustHappen = [
  ...['authorize', 'refresh: rotated', 'refresh: refused', 'refresh: limited', 'refresh: misconfigured'],
  ...['revoke: ended', 'limit: limited', 'use: accepted', 'use: refused', 'end sessions', 'change secret'],
];

describe.each(['replay', 'strict'] as const)('under %s rules', kind => {
  it('both providers do the same, whatever is asked and however much time passes', () => {
    const happened = new Map<string, number>();
    const note = (outcomes: readonly Outcome[]) => {
      for (const { did } of outcomes) happened.set(did, (happened.get(did) ?? 0) + 1);
    };
    fc.assert(
      fc.property(rulesOf(kind), sequences, (rules, steps) => {
        const [here, there]: [Clock, Clock] = [{ now: startAt }, { now: startAt }];
        const ofSimulation = play(
          steps,
          here,
          simulated(rules, () => here.now),
        );
        expect(ofSimulation).toStrictEqual(
          play(
            steps,
            there,
            local(rules, () => there.now),
          ),
        );
        note(ofSimulation);
      }),
      { numRuns: 1000 },
    );
    console.log(Object.fromEntries(happened));
    expect([...happened.keys()]).toEqual(expect.arrayContaining(mustHappen));
  });
});
