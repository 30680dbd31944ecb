/** The provider of the simulation and that of the local run, side by side: written apart, from the same facts. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { local, simulated } from './provider-sides.ts';
import { rulesOf, type Step, sequences } from './provider-steps.ts';
import { type Clock, type OnRefresh, type Outcome, play } from './provider-trace.ts';

const startAt = 1_793_577_600_000;

/** Each must have happened: otherwise nothing was compared. */
const mustHappen = [
  ...['refresh: rotated', 'refresh: refused', 'refresh: limited', 'refresh: misconfigured', 'limit: limited'],
  ...['revoke: ended', 'revoke: limited', 'use: accepted', 'use: refused', 'change secret'],
  ...['revoked', 'user-ended', 'too-many-sessions'].map(reason => `ended: ${reason}`),
];
const mustHappenUnder = { replay: ['refresh: replayed'], strict: ['ended: reuse'] };

const countsOf = () => {
  const counts = new Map<string, number>();
  const add = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    names: () => [...counts.keys()],
    note: (outcomes: readonly Outcome[]) => {
      for (const { did } of outcomes) add(did);
      for (const { end } of outcomes.at(-1)?.sessions ?? []) add(`ended: ${end}`);
    },
  };
};

const createClock = (): Clock => ({ now: startAt });

const expectSame = (steps: readonly Step[], actual: readonly Outcome[], wanted: readonly Outcome[]): void => {
  for (const [index, outcome] of actual.entries()) {
    const step = steps[index];
    expect({ step, ...outcome }).toStrictEqual({ step, ...wanted[index] });
  }
};

describe.each(['replay', 'strict'] as const)('under %s rules', kind => {
  it('both providers do the same, whatever is asked and however much time passes', () => {
    const happened = countsOf();
    fc.assert(
      fc.property(rulesOf(kind), sequences, (rules, steps) => {
        const [here, there] = [createClock(), createClock()];
        const outcomes = play(
          steps,
          here,
          simulated(rules, () => here.now),
        );
        expectSame(
          steps,
          outcomes,
          play(
            steps,
            there,
            local(rules, () => there.now),
          ),
        );
        happened.note(outcomes);
      }),
      { numRuns: 1500 },
    );
    expect(happened.names()).toEqual(expect.arrayContaining([...mustHappen, ...mustHappenUnder[kind]]));
  });

  it('the simulated one says beforehand whether a refresh brings tokens', () => {
    let brought = 0;
    fc.assert(
      fc.property(rulesOf(kind), sequences, (rules, steps) => {
        const clock = createClock();
        const side = simulated(rules, () => clock.now);
        const onRefresh: OnRefresh = (token, send) => {
          const expected = side.canRefresh(token);
          const answer = send();
          if (answer.kind !== 'limited') expect(answer.kind).toBe(expected ? 'rotated' : 'refused');
          if (answer.kind === 'rotated') brought += 1;
          return answer;
        };
        play(steps, clock, side, onRefresh);
      }),
      { numRuns: 300 },
    );
    expect(brought).toBeGreaterThan(0);
  });
});
