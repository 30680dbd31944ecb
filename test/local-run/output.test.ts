import { describe, expect, it } from 'vitest';
import { duration, relative } from '../../sandbox/screen/durations.ts';
import { readLogLine } from '../../sandbox/screen/log-lines.ts';
import {
  narrateEvent,
  narrateFact,
  narrateProvider,
  narrateServed,
  narrateSignIn,
} from '../../sandbox/screen/narrate.ts';
import { statusTable } from '../../sandbox/screen/status-table.ts';

const now = 1_800_000_000_000;

describe('the live output', () => {
  it.each([
    [0, '0 s'],
    [120, '120 ms'],
    [20_000, '20 s'],
    [80_000, '1 min 20 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [7 * 86_400_000, '7 d'],
    [90_061_000, '1 d 1 h'],
  ])('writes %i ms as %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('writes times relative to now', () => {
    expect([now + 20_000, now - 5000, now + 10].map(at => relative(at, now))).toEqual([
      'in 20 s',
      '5 s ago',
      'now',
    ]);
  });

  it('says who was refreshed, why, and when each token will die', () => {
    const fact = {
      type: 'refreshed',
      grantId: 'demo:ada',
      reason: 'due',
      strategy: 'weekly',
      generation: 2,
      replayed: false,
      accessExpiresAt: now + 36_000,
      refreshExpiresAt: now + 126_000,
      dueAt: now + 85_000,
    } as const;
    expect(narrateFact('sweep', fact, now)).toEqual({
      source: 'sweep',
      subject: 'demo:ada',
      tone: 'good',
      text: 'refreshed, it was due (weekly); generation 2: access token dies in 36 s, refresh token in 2 min 6 s, due in 1 min 25 s',
    });
    expect(narrateFact('sweep', { ...fact, replayed: true }, now).text).toContain(
      'asked again for an answer that was lost',
    );
  });

  it('names a needless request whatever it was, and is silent about what the functions tell themselves', () => {
    const event = { type: 'refreshed', at: now, ownerId: '1', clientId: 'app' } as const;
    const nameOf = () => 'Ada';
    expect(narrateProvider(event, nameOf)).toBeUndefined();
    expect(narrateProvider({ ...event, needless: 'concurrent' }, nameOf)).toMatchObject({
      subject: 'Ada',
      text: 'refreshed (a needless request: concurrent)',
      tone: 'bad',
    });
  });

  it('tells of events and requests', () => {
    const event = { source: 'ringbearer', type: 'Grant Revoked', detail: { grantId: 'demo:ada' } };
    expect(narrateEvent(event)).toMatchObject({ subject: 'demo:ada', text: 'event: Grant Revoked' });
    expect(
      narrateServed({ method: 'GET', path: '/grants/demo:ada/token', status: 200, tookMs: 7.4 }),
    ).toMatchObject({
      subject: 'demo:ada',
      text: 'GET /grants/demo:ada/token → 200 in 7 ms',
    });
  });

  it('tells of sign-ins, by the grant that is being connected', () => {
    const begun = { type: 'sign-in-begun', grantId: 'demo:joan' };
    expect(narrateSignIn('connect', begun)).toMatchObject({ subject: 'demo:joan', text: 'sign in begun' });
    expect(narrateSignIn('connect', { type: 'link-refused', code: 'expired' })).toMatchObject({
      subject: '',
      text: 'link refused (expired)',
      tone: 'notice',
    });
    expect(
      narrateServed({ method: 'GET', path: '/connect/demo%3Ajoan', status: 200, tookMs: 1 }).subject,
    ).toBe('demo:joan');
  });

  it('picks facts and errors out of what the functions write', () => {
    const fact = { type: 'revoked', grantId: 'a' };
    expect(readLogLine(JSON.stringify({ level: 'INFO', message: 'revoked', fact }))).toEqual({
      kind: 'fact',
      fact,
    });
    expect(readLogLine(JSON.stringify({ level: 'ERROR', message: 'internal-error' }))).toEqual({
      kind: 'text',
      text: 'internal-error',
    });
    expect(readLogLine(JSON.stringify({ _aws: {}, Requests: 1 }))).toEqual({ kind: 'routine' });
    expect(readLogLine('Error: no such table')).toEqual({ kind: 'text', text: 'Error: no such table' });
  });

  it('shows the grants in columns', () => {
    const grant = {
      grantId: 'demo:ada',
      state: 'active',
      strategy: 'weekly',
      generation: 3,
      ownerId: '1',
      refreshing: false,
      accessExpiresAt: new Date(now + 20_000).toISOString(),
      dueAt: new Date(now).toISOString(),
      label: 'weekly',
    };
    const [headings, row] = statusTable([grant], now);
    expect(headings).toMatch(/^grant +state +generation/);
    expect(row).toMatch(/^demo:ada +active +3 +in 20 s +- +now +weekly$/);
  });
});
