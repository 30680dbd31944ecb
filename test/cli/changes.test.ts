import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { changesBetween, sayChange } from '../../cli/changes.ts';
import { picture } from '../../cli/commands/watch.ts';
import { grantProperties, noteOf } from '../../cli/grant-table.ts';
import { day, hour, minute, start } from '../domain/grants.ts';
import { iso, viewWith } from './grant-views.ts';

const a = viewWith({ grantId: 'a' });
const b = viewWith({ grantId: 'b' });

describe('between two looks', () => {
  it('nothing changed', () => {
    expect(changesBetween([a, b], [a, { ...b, updatedAt: iso(start + hour) }])).toEqual([]);
  });

  it('a grant appeared, one changed, one is gone', () => {
    const changed = { ...a, generation: 2, refreshing: true };
    const c = viewWith({ grantId: 'c' });
    expect(changesBetween([a, b], [changed, c])).toEqual([
      { event: 'changed', grant: changed, changed: ['generation', 'refreshing'] },
      { event: 'appeared', grant: c, changed: [] },
      { event: 'gone', grant: b, changed: [] },
    ]);
  });

  it.each([
    [
      { state: 'reauthorize' as const, lastError: { code: 'OAU-213', at: iso(start) } },
      'state reauthorize, error OAU-213',
    ],
    [{ generation: 2, accessExpiresAt: iso(start + 2 * hour) }, 'generation 2, access token dies in 2 h'],
    [
      { refreshExpiresAt: iso(start + 6 * day), dueAt: iso(start + 4 * day) },
      'refresh token dies in 6 d, due in 4 d',
    ],
    [{ refreshing: true }, 'being refreshed'],
    [{ failures: 3, holdUntil: iso(start + minute) }, 'on hold, over in 1 min, failures 3'],
    [{ label: undefined, dueAt: undefined }, 'due -'],
  ])('%j is said as: %s', (change, text) => {
    const [found] = changesBetween([viewWith({})], [viewWith(change)]);
    expect(found && sayChange(found, start)).toBe(`${iso(start)}  acme:101  ${text}`);
  });

  it('what was cleared is said, too', () => {
    const before = viewWith({
      refreshing: true,
      holdUntil: iso(start),
      lastError: { code: 'timeout', at: iso(start) },
    });
    const [found] = changesBetween([before], [viewWith({})]);
    expect(found && sayChange(found, start)).toContain('refresh settled, hold over, error cleared');
  });

  it('what appeared and what is gone have a line each', () => {
    const [gone] = changesBetween([a], []);
    expect(gone && sayChange(gone, start)).toBe(`${iso(start)}  a  gone`);
    const [appeared] = changesBetween([], [a]);
    expect(appeared && sayChange(appeared, start)).toBe(
      `${iso(start)}  a  state active, generation 1, refresh token dies in 7 d, due in 5 d`,
    );
  });
});

describe('the note of a grant', () => {
  it.each([
    [{ label: 'Front desk' }, 'Front desk'],
    [{ refreshing: true, label: 'x' }, 'being refreshed'],
    [{ failures: 2, lastError: { code: 'timeout', at: iso(start) } }, 'failed 2× (timeout)'],
    [{ lastError: { code: 'OAU-213', at: iso(start) } }, 'OAU-213'],
    [
      { holdUntil: iso(start + minute), lastError: { code: 'CMN-301', at: iso(start) } },
      'on hold (CMN-301), over in 1 min',
    ],
    [{}, ''],
  ])('%j: %s', (change, text) => {
    expect(noteOf(viewWith(change), start)).toBe(text);
  });
});

const plain = pc.createColors(false);

describe('the picture of watch', () => {
  const grants = [
    ...Array.from({ length: 30 }, (_, index) => viewWith({ grantId: `g${String(index).padStart(2, '0')}` })),
    viewWith({ grantId: 'z-dead', state: 'reauthorize' }),
    viewWith({ grantId: 'z-held', holdUntil: iso(start + minute) }),
    viewWith({ grantId: 'a-over', state: 'revoked' }),
  ];
  const at = (columns: number, rows: number, error?: string) =>
    picture(
      grants,
      { title: 'stack R', nowMs: start, size: { columns, rows }, ...(error !== undefined && { error }) },
      plain,
    );

  it('fits, with what needs somebody first', () => {
    const lines = at(60, 14);
    expect(lines.length).toBeLessThan(14);
    expect(Math.max(...lines.map(line => line.length))).toBeLessThan(60);
    expect(lines[3]).toMatch(/^z-dead/);
    expect(lines[4]).toMatch(/^z-held/);
    expect(lines[5]).toMatch(/^g00/);
    expect(lines.at(-1)).toBe('… and 25 more');
  });

  it('says that it is not up to date, and still fits', () => {
    const lines = at(60, 14, 'ECONNREFUSED: nobody');
    expect(lines[1]).toBe('not up to date: ECONNREFUSED: nobody');
    expect(lines.length).toBeLessThan(14);
  });
});

describe('everything of a grant', () => {
  it('says when something is, and the time itself', () => {
    const lines = grantProperties(
      viewWith({ kind: 'jwt', credential: 'reports', failures: 2, holdUntil: iso(start + minute) }),
      start,
      plain,
    );
    expect(lines).toContain(`due                 in 5 d (${iso(start + 5 * day)})`);
    expect(lines).toContain('kind                jwt');
    expect(lines).toContain('credential          reports');
    expect(lines).toContain('failures            2 in a row');
    expect(lines.join()).not.toContain('undefined');
  });
});
