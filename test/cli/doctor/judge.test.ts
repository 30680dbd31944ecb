/** Facts in, findings out: what the doctor says of each thing that can be wrong. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Facts, fact, skipped } from '../../../cli/doctor/facts.ts';
import { type Check, checks } from '../../../cli/doctor/finding.ts';
import { judge } from '../../../cli/doctor/judge.ts';
import { defaultSettings } from '../../../functions/domain/settings.ts';
import { day, hour, minute, start } from '../../domain/grants.ts';
import { appView, grantView, iso, viewWith } from '../grant-views.ts';
import { denied, found, healthy, withGrants, withVerdict } from './facts.ts';

const { now } = healthy;
const error = (code: string) => ({ code, at: iso(now - 3 * hour) });
const app = (change: Partial<typeof appView>) => ({ apps: fact([{ ...appView, ...change }]) });
const [schedule] = healthy.schedules.known ? healthy.schedules.value : [];
const metrics = healthy.metrics.known ? healthy.metrics.value : undefined;
const schedules = (change: object): Partial<Facts> => ({
  schedules: fact([
    { ...schedule, name: 'Schedule1' },
    { ...schedule, ...change },
  ] as never),
});
const measured = (change: object): Partial<Facts> => ({ metrics: fact({ ...metrics, ...change } as never) });
const sandbox = 'https://platform.devtest.ringcentral.com';

describe('a deployment in which nothing is wrong', () => {
  it('is found so by every check that has something to say', () => {
    const findings = judge(healthy);
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      ...[
        'stack',
        'settings',
        'apps-secret',
        'app-credentials',
        'schedule',
        'sweep',
        'errors',
        'dead-letters',
      ],
      ...['grants', 'clock', 'rate-limit'],
    ]);
  });

  it('has nothing against a grant that is revoked, minted from a credential, or not yet due', () => {
    const { refreshExpiresAt: _none, ...minted } = viewWith({ grantId: 'jwt', kind: 'jwt' });
    const revoked = viewWith({ grantId: 'gone', state: 'revoked', refreshExpiresAt: undefined, app: 'old' });
    const hourly = viewWith({ grantId: 'hourly', strategy: 'hourly', dueAt: iso(now + minute) });
    const findings = judge({ ...healthy, ...withGrants(minted, revoked, hourly) });
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
  });
});

type Case = [
  what: string,
  check: Check,
  severity: string,
  change: Partial<Facts>,
  what: RegExp,
  todo?: RegExp,
];

const cases: Case[] = [
  [
    'a failed deployment',
    'stack',
    'warning',
    { stackStatus: fact('UPDATE_ROLLBACK_FAILED') },
    /UPDATE_ROLLBACK_FAILED/,
    /deploy again/,
  ],
  [
    'settings at risk',
    'settings',
    'warning',
    { settings: fact({ ...defaultSettings, sweepIntervalMs: 8 * minute }) },
    /^accessMarginMs: /,
  ],
  [
    'settings that cannot be read',
    'settings',
    'unknown',
    { settings: denied() },
    /x:Y.*default settings are assumed/,
    /Allow/,
  ],

  [
    'the placeholder',
    'apps-secret',
    'problem',
    app({ clientId: 'REPLACE-ME' }),
    /placeholder/,
    /put-secret-value/,
  ],
  [
    'a secret that is not valid',
    'apps-secret',
    'problem',
    { apps: denied('misconfigured', '"apps" is empty.') },
    /"apps" is empty/,
    /put-secret-value/,
  ],
  [
    'apps that may not be listed',
    'apps-secret',
    'unknown',
    { apps: denied() },
    /Could not be checked/,
    /Allow/,
  ],

  [
    'credentials that are refused',
    'app-credentials',
    'problem',
    withVerdict({ kind: 'refused', code: 'OAU-153' }),
    /refuses the credentials of the app main .*OAU-153/,
    /Compare client id/,
  ],
  [
    'credentials of the other environment',
    'app-credentials',
    'problem',
    withVerdict({ kind: 'refused', code: 'OAU-153', elsewhere: { server: sandbox, accepted: true } }),
    /They are sandbox credentials: https:\/\/platform\.devtest/,
    /production client id and secret/,
  ],
  [
    'credentials that the other environment refuses as well',
    'app-credentials',
    'problem',
    withVerdict({ kind: 'refused', code: 'OAU-153', elsewhere: { server: sandbox, accepted: false } }),
    /OAU-153/,
    /was the secret rotated/,
  ],
  [
    'a grant type that is not allowed',
    'app-credentials',
    'problem',
    withVerdict({ kind: 'refused', code: 'OAU-112' }),
    /OAU-112/,
    /grant types/,
  ],
  [
    'a limit',
    'app-credentials',
    'warning',
    withVerdict({ kind: 'limited', code: 'CMN-301', retryAfterMs: 30_000 }),
    /CMN-301/,
    /in peace for 30 s/,
  ],
  [
    'an answer that is none',
    'app-credentials',
    'unknown',
    withVerdict({ kind: 'unknown', code: 'http-502' }),
    /http-502/,
    /server of main/,
  ],
  [
    'credentials that were not tried, and that a hold says are refused',
    'app-credentials',
    'problem',
    { ...app({ holdUntil: iso(now + minute), holdReason: 'OAU-146' }), probes: [] },
    /OAU-146/,
  ],
  [
    'credentials that were not tried, and that a grant says are refused',
    'app-credentials',
    'problem',
    { ...withGrants(viewWith({ lastError: error('invalid_client') })), probes: [] },
    /invalid_client/,
  ],
  [
    'credentials that may not be read',
    'app-credentials',
    'note',
    { probes: healthy.probes.map(probe => ({ ...probe, verdict: denied() })) },
    /was not asked about main: AWS does not allow x:Y.*No stored error/,
  ],

  [
    'a penalty',
    'app-held',
    'warning',
    app({ holdUntil: iso(now + minute), holdReason: 'CMN-301' }),
    /over in 1 min \(CMN-301\)/,
    /by itself/,
  ],
  [
    'an app in doubt',
    'app-held',
    'problem',
    app({ holdUntil: iso(now + minute), holdReason: 'many-grants-refused' }),
    /in doubt/,
    /another RingCentral app/,
  ],
  [
    'a hold for wrong credentials',
    'app-held',
    'warning',
    app({ holdUntil: iso(now + minute), holdReason: 'OAU-153' }),
    /OAU-153/,
    /app-credentials/,
  ],
  ['refusals in a row', 'app-held', 'warning', app({ refused: 2 }), /2 grants were refused/],

  [
    'a grant of an app that is not there',
    'app-mismatch',
    'problem',
    withGrants(viewWith({ app: 'old' })),
    /acme:101 \(old at/,
    /Put that app back/,
  ],
  [
    'a grant of another server',
    'app-mismatch',
    'problem',
    withGrants(viewWith({ server: sandbox })),
    /acme:101/,
  ],
  [
    'a grant of another client id',
    'app-mismatch',
    'problem',
    withGrants(viewWith({ lastError: error('app-mismatch') })),
    /acme:101/,
  ],

  [
    'an app without refresh tokens',
    'refresh-tokens',
    'problem',
    withGrants(viewWith({ refreshExpiresAt: undefined })),
    /The app main issues no refresh tokens: 1 grant dies/,
    /Issue refresh tokens/,
  ],
  [
    'an app without refresh tokens whose grants have died of it',
    'refresh-tokens',
    'problem',
    withGrants(viewWith({ state: 'reauthorize', lastError: error('access-token-expired') })),
    /issues no refresh tokens/,
  ],
  [
    'one grant without a refresh token among others',
    'refresh-tokens',
    'warning',
    withGrants(grantView, viewWith({ grantId: 'short', refreshExpiresAt: undefined })),
    /1 grant has no refresh token .*: short\./,
    /refresh_token_ttl 0/,
  ],

  [
    'a dead grant',
    'reauthorize',
    'problem',
    withGrants(viewWith({ state: 'reauthorize', lastError: error('OAU-213') })),
    /^1 grant needs its owner .*acme:101 \(OAU-213, 3 h ago\)/,
    /ringbearer connect/,
  ],
  [
    'a refresh token that dies in a day',
    'near-end',
    'problem',
    withGrants(viewWith({ rotatedAt: iso(now - 6.1 * day), refreshExpiresAt: iso(now + 0.9 * day) })),
    /acme:101 \(in 21 h 36 min\)/,
    /ringbearer sweep/,
  ],
  [
    'a refresh token that is dead',
    'near-end',
    'problem',
    withGrants(viewWith({ rotatedAt: iso(now - 8 * day), refreshExpiresAt: iso(now - day) })),
    /1 d ago/,
  ],
  [
    'a grant that nobody looks after',
    'overdue',
    'problem',
    withGrants(viewWith({ dueAt: iso(now - 12 * minute) })),
    /acme:101 \(12 min ago\)/,
    /ringbearer sweep/,
  ],
  [
    'a grant on hold',
    'held',
    'warning',
    withGrants(viewWith({ holdUntil: iso(now + minute), lastError: error('timeout') })),
    /acme:101 \(timeout, over in 1 min\)/,
  ],
  [
    'a grant that fails',
    'failing',
    'warning',
    withGrants(viewWith({ failures: 3, lastError: error('http-503') })),
    /acme:101 \(3 in a row, http-503\)/,
  ],
  [
    'a revocation that RingCentral has not heard of',
    'revoking',
    'warning',
    withGrants(viewWith({ state: 'revoking', failures: 1, lastError: error('timeout') })),
    /1 revocation yet: acme:101/,
  ],
  [
    'grants that cannot be listed',
    'grants',
    'unknown',
    { grants: denied() },
    /Could not be checked/,
    /Allow/,
  ],
  [
    'more grants than are looked at',
    'grants',
    'note',
    { grants: fact({ grants: [grantView], complete: false }) },
    /Only the first 1/,
  ],

  ['no schedule', 'schedule', 'problem', { schedules: fact([]) }, /There is no schedule/, /Deploy/],
  [
    'a schedule that is off',
    'schedule',
    'problem',
    schedules({ enabled: false }),
    /1 schedule is off, of 2: Schedule0/,
    /Enable/,
  ],
  ['a schedule that has ended', 'schedule', 'problem', schedules({ endsAt: now - 1 }), /off.*Schedule0/],
  [
    'a schedule of another function',
    'schedule',
    'problem',
    schedules({ target: 'arn:aws:lambda:us-east-1:1:function:other' }),
    /another function.*Schedule0/,
  ],
  [
    'schedules that may not be listed',
    'schedule',
    'unknown',
    { schedules: denied() },
    /Could not be checked/,
    /Allow/,
  ],
  [
    'a sweep that never reports',
    'sweep',
    'problem',
    measured({ oldestDueAge: [] }),
    /No sweep has reported in the last 3 h/,
  ],
  [
    'a sweep that no longer reports',
    'sweep',
    'problem',
    measured({ oldestDueAge: [{ at: now - 40 * minute, ageMs: 0 }] }),
    /40 min ago/,
  ],
  [
    'a sweep that does not keep up',
    'sweep',
    'warning',
    measured({ oldestDueAge: [{ at: now - minute, ageMs: 20 * minute }] }),
    /waited 20 min/,
    /sweepSchedules/,
  ],
  [
    'commits that failed',
    'errors',
    'warning',
    measured({ sums: { CommitFailed: 2, Unreadable: 0, UnreadableLane: 0, EventNotSent: 1 } }),
    /CommitFailed 2, EventNotSent 1/,
  ],
  ['sweeps that failed', 'dead-letters', 'problem', { deadLetters: fact(3) }, /3 sweeps are in/, /Purge/],

  [
    'a clock that is ahead',
    'clock',
    'warning',
    { awsClock: fact({ offsetMs: -60_000, uncertaintyMs: 600 }), probes: [] },
    /This machine's clock is 1 min ahead of that of AWS/,
    /NTP/,
  ],
  [
    'a clock that is behind',
    'clock',
    'warning',
    { awsClock: fact({ offsetMs: 60_000, uncertaintyMs: 600 }), probes: [] },
    /1 min behind that of AWS/,
  ],
  [
    'clocks that cannot be read',
    'clock',
    'note',
    { awsClock: skipped('AWS was not reached.'), probes: [] },
    /Not checked: AWS/,
  ],
];

describe('the doctor', () => {
  it.each(cases)('finds %s', (_, check, severity, change, what, todo) => {
    const findings = found(check, change).filter(finding => finding.severity === severity);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.what).toMatch(what);
    if (todo !== undefined) expect(findings[0]?.todo).toMatch(todo);
    if (severity === 'problem' || severity === 'warning') expect(findings[0]?.todo).toBeDefined();
  });

  it.each(cases)('finds nothing that is not there beside %s', (_, _check, severity, change) => {
    const worst = judge({ ...healthy, ...change }).filter(finding => finding.severity === 'problem');
    if (severity !== 'problem') expect(worst).toEqual([]);
  });

  it('names ten grants and counts the others, and tells programs all of them', () => {
    const many = Array.from({ length: 12 }, (_, n) => viewWith({ grantId: `g${n}`, state: 'reauthorize' }));
    const [finding] = found('reauthorize', withGrants(...many));
    expect(finding?.what).toMatch(/^12 grants need their owners.*g9 and 2 more\.$/);
    expect(finding?.grantIds).toHaveLength(12);
  });

  it.each([
    ['not yet late', 'overdue', { dueAt: iso(now - 10 * minute) }],
    ['late, but on hold', 'overdue', { dueAt: iso(now - hour), holdUntil: iso(now + minute) }],
    [
      'in the margin, but not at its end',
      'near-end',
      { rotatedAt: iso(now - 5.9 * day), refreshExpiresAt: iso(now + 1.1 * day) },
    ],
    [
      'of a short life that is long enough for its margin',
      'near-end',
      { rotatedAt: iso(start), refreshExpiresAt: iso(now + hour) },
    ],
    ['being revoked a moment ago', 'revoking', { state: 'revoking' as const, updatedAt: iso(now - minute) }],
    ['on hold with failures: it is said once', 'failing', { failures: 2, holdUntil: iso(now + minute) }],
  ] as const)('says nothing of a grant that is %s', (_, check, change) => {
    expect(found(check, withGrants(viewWith(change)))).toEqual([]);
  });

  it('has no opinion on the clocks that their whole seconds hide', () => {
    const awsClock = fact({ offsetMs: 2900, uncertaintyMs: 1000 });
    expect(found('clock', { awsClock })).toMatchObject([{ severity: 'ok' }]);
  });

  it("compares RingCentral's clock with AWS's, and not with that of this machine", () => {
    const offset = (offsetMs: number) => fact({ offsetMs, uncertaintyMs: 600 });
    const probes = (offsetMs: number) => healthy.probes.map(probe => ({ ...probe, clock: offset(offsetMs) }));
    expect(found('clock', { awsClock: offset(60_000), probes: probes(60_000) })).toHaveLength(1);
    const [finding] = found('clock', { awsClock: offset(0), probes: probes(60_000) });
    expect(finding).toMatchObject({ severity: 'warning', what: expect.stringMatching(/1 min apart/) });
    const alone = found('clock', { awsClock: skipped('no'), probes: probes(60_000) });
    expect(alone).toMatchObject([
      { severity: 'warning', what: expect.stringMatching(/behind that of https/) },
    ]);
  });

  it.each(['app-mismatch', 'app-unknown', 'apps-unreadable', 'OAU-213', 'timeout'])(
    'does not take %s for a refusal of the credentials',
    code => {
      const change = { ...withGrants(viewWith({ lastError: error(code) })), probes: [] };
      expect(found('app-credentials', change)).toMatchObject([{ severity: 'note' }]);
    },
  );

  it('says what a local run has not', () => {
    const none = skipped('a local run has none in AWS.');
    const findings = judge({ ...healthy, local: true, schedules: none, deadLetters: none, metrics: none });
    expect(findings.filter(({ severity }) => severity === 'note').map(({ check }) => check)).toEqual([
      ...['schedule', 'sweep', 'dead-letters', 'rate-limit'],
    ]);
    expect(findings.filter(({ severity }) => !['ok', 'note'].includes(severity))).toEqual([]);
  });
});

describe('docs/doctor.md', () => {
  it('says of every check what to do', () => {
    const text = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
    const described = [...text.matchAll(/^### `([a-z-]+)`/gm)].map(([, check]) => check);
    expect(described.sort()).toEqual([...checks].sort());
  });
});
