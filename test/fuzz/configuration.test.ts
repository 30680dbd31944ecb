/** Whatever is configured: a value that means what it says, or an error that says what to change and quotes no secret. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseApps } from '../../functions/adapters/apps.ts';
import { grantIdPattern } from '../../functions/domain/grant.ts';
import { prefixProblem } from '../../lib/prefix.ts';
import { scheduleInterval } from '../../lib/schedule-interval.ts';
import { parseDemoOptions, parseOptions } from '../../sandbox/options.ts';
import {
  brokenJson,
  damaged,
  hostileTexts,
  hostileValues,
  isPolluted,
  isPrintable,
  jsonText,
  secret,
} from './arbitraries.ts';
import { patienceMs, runs } from './runs.ts';

describe('the apps secret', () => {
  const one = {
    name: 'main',
    server: 'https://platform.ringcentral.com',
    clientId: 'client',
    clientSecret: `s-${secret}`,
  };
  const valid = fc.constantFrom(
    { apps: [one] },
    { apps: [one, { ...one, name: 'other', clientId: 'another' }] },
  );
  const servers = fc.oneof(
    fc.constantFrom(
      'http://localhost:1',
      'http://[::1]/',
      'https://h/a/b//',
      'https://h?x',
      'https://u:p@h',
      'https://h#a',
    ),
    fc.constantFrom(
      'http://127.0.0.1.evil.example',
      'https:\\\\h',
      'https://h/..',
      'https://h/%2e%2e',
      'HTTPS://h',
      'https://é.example',
    ),
    fc.constantFrom(
      'https://h:99999',
      'https://h:',
      'https:///h',
      'javascript:1',
      'https://h\t',
      'http://localhost.',
      'http://0x7f.1',
    ),
    hostileTexts.map(text => `https://${text}`),
    hostileTexts.map(text => `https://platform.example/${text}`),
    hostileTexts.map(text => `http://localhost${text}`),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );
  const secrets = fc.oneof(
    { weight: 4, arbitrary: damaged(valid, 3).map(jsonText) },
    { weight: 4, arbitrary: servers.map(server => jsonText({ apps: [{ ...one, server }] })) },
    { weight: 1, arbitrary: brokenJson(valid) },
    { weight: 1, arbitrary: hostileValues.map(jsonText) },
    { weight: 1, arbitrary: hostileTexts },
  );
  const loopback = ['localhost', '127.0.0.1', '[::1]'];

  it('of any kind is apps that can be asked safely, or an error that quotes nothing', () => {
    fc.assert(
      fc.property(secrets, text => {
        try {
          const apps = parseApps(text);
          expect(new Set(apps.map(({ name }) => name)).size).toBe(apps.length);
          for (const { name, server, clientId, clientSecret } of apps) {
            expect(name).toMatch(/^[\w-]{1,64}$/);
            expect([clientId, clientSecret].every(each => typeof each === 'string' && each !== '')).toBe(
              true,
            );
            const url = new URL(`${server}/restapi/oauth/token`);
            expect(url.protocol === 'https:' || loopback.includes(url.hostname)).toBe(true);
            expect([url.search, url.hash, url.username, url.password].join('')).toBe('');
            expect(url.pathname.endsWith('/restapi/oauth/token')).toBe(true);
          }
        } catch (error) {
          const { name, message } = error as Error;
          expect(name, message).toBe('ConfigurationError');
          expect(message).toMatch(/^The apps secret is not valid( at apps[.\w]*)?: .+ It must be \{"apps":/);
          expect(message).not.toContain(secret);
          expect(message.length).toBeLessThan(400);
        }
        expect(isPolluted()).toBe(false);
      }),
      runs(1500),
    );
  });
});

describe('what the construct is given', () => {
  it('any prefix is one that grant ids can begin with, or refused with a reason that says what to write', () => {
    const prefixes = fc.oneof(hostileTexts, fc.string({ unit: fc.constantFrom(...'aZ09_.~:@-*?$/') }));
    fc.assert(
      fc.property(prefixes, prefix => {
        const problem = prefixProblem(prefix);
        if (problem === undefined) expect(`${prefix}x`).toMatch(grantIdPattern);
        if (problem === undefined) expect(prefix).toMatch(/[:~]$/);
        else expect(problem).toMatch(/^grantIdPrefix ".*(write|use|longer)/s);
      }),
      runs(1000),
    );
  });

  const fields = fc.oneof(
    fc.constantFrom(
      '*',
      '?',
      '0',
      '1',
      '5',
      '31',
      '0/15',
      '*/7',
      '1-5',
      '5-1',
      'MON-FRI',
      'JAN,jul',
      'L',
      '15W',
      '2#1',
      '60',
    ),
    fc.constantFrom(
      '',
      '0/0',
      '1/1/1',
      '1-2-3',
      ',',
      '-',
      '/',
      '1,',
      '00',
      '007',
      '1e1',
      '٣',
      '2026',
      '0,59',
    ),
    hostileTexts,
  );
  const expressions = fc.oneof(
    hostileTexts,
    fc
      .tuple(fields, fc.constantFrom('minute', 'minutes', 'hours', 'days', 'weeks', ''))
      .map(([value, unit]) => `rate(${value} ${unit})`),
    fc.array(fields, { minLength: 5, maxLength: 7 }).map(list => `cron(${list.join(' ')})`),
    fc.tuple(fields, fields).map(([minute, hour]) => `cron(${minute} ${hour} * * ? *)`),
    hostileTexts.map(text => `at(${text})`),
  );
  const zones = fc.oneof(fc.constantFrom('Etc/UTC', 'Europe/Berlin', ''), hostileTexts);

  it(
    'any schedule has a longest silence, or a problem that says what to write instead',
    () => {
      fc.assert(
        fc.property(expressions, zones, (expression, zone) => {
          const interval = scheduleInterval(expression, zone);
          if ('problem' in interval) expect(interval.problem).toContain('rate(5 minutes)');
          else expect(Number.isSafeInteger(interval.longestMs) && interval.longestMs >= 60_000).toBe(true);
        }),
        runs(150),
      );
    },
    patienceMs,
  );
});

describe('the command line of the local run', () => {
  const words = fc.oneof(
    fc.constantFrom(
      '--port',
      '--data',
      '--real-time',
      '--help',
      '-h',
      '--',
      '-',
      '--port=',
      '--no-help',
      '-hh',
      '--port=1e3',
      '-1',
    ),
    fc.constantFrom('--__proto__', '--constructor', '--toString=1', '--port=65534', '4000'),
    hostileTexts.filter(isPrintable),
    hostileTexts.filter(isPrintable).map(text => `--data=${text}`),
  );

  it('of any words is understood, or refused with one line', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 4 }), args => {
        for (const parse of [parseOptions, parseDemoOptions]) {
          try {
            expect(parse(args)).toMatchObject({ kind: expect.stringMatching(/^(run|help)$/) });
          } catch (error) {
            expect((error as Error).name).toBe('UsageError');
            expect((error as Error).message).toMatch(/^[^\n\r]+$/);
          }
        }
      }),
      runs(1000),
    );
  });
});
