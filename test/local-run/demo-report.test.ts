import { describe, expect, it } from 'vitest';
import { failuresOf, type Outcome, summarise } from '../../sandbox/demo/report.ts';
import { createProvider } from '../../sandbox/ringcentral/index.ts';

const { counts } = createProvider({ apps: [], users: [] }).stats();
const trial = { name: 'lost answer', grantId: 'a', happened: 'drop-after', survived: true };
const readings = { served: 9, used: 9, 'promise-broken': 0, reported: 0, 'turned-away': 0, interrupted: 0 };
const good: Outcome = {
  livedMs: 63_500,
  weekMs: 21_000,
  finalChecks: [{ grantId: 'a', works: true, said: 'alive' }],
  trials: [trial],
  counts,
  record: { refreshes: [], mints: [], deaths: [], readings },
};

const failing: [string, Partial<Outcome>, RegExp][] = [
  [
    'a dead grant',
    { finalChecks: [{ grantId: 'a', works: false, said: 'refused' }] },
    /a is not alive: refused/,
  ],
  [
    'a fault that never struck',
    { trials: [{ ...trial, happened: undefined, survived: false }] },
    /could not be brought about/,
  ],
  [
    'a fault that was not survived',
    { trials: [{ ...trial, survived: false }] },
    /was not refreshed after it/,
  ],
  [
    'a needless request',
    { counts: { ...counts, needless: 1, inPenalty: 1 } },
    /1 token requests.*in a penalty 1/,
  ],
  ['too short a life', { livedMs: 40_000 }, /1\.9 "weeks"/],
  [
    'a broken promise',
    { record: { ...good.record, readings: { ...readings, 'promise-broken': 2, reported: 0 } } },
    /2 times/,
  ],
  [
    'readers that read nothing',
    { record: { ...good.record, readings: { ...readings, used: 0 } } },
    /nobody used/,
  ],
];

describe('the verdict on a demo', () => {
  it('is good if every grant lives and every fault was survived', () => {
    expect(failuresOf(good)).toEqual([]);
    expect(summarise(good).join('\n')).toMatch(/3\.0 "weeks" of 21 s/);
  });

  it.each(failing)('is bad after %s, and says so', (_, over, message) => {
    expect(failuresOf({ ...good, ...over })).toEqual([expect.stringMatching(message)]);
  });
});
