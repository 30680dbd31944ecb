import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classifyRevokeAnswer,
  classifyTokenAnswer,
  isMisconfiguration,
  type RawAnswer,
} from '../../functions/domain/answer.ts';
import { hour, minute, second, start } from './grants.ts';

/** An error as RingCentral writes it: the stable code is in the list. */
const error = (status: number, code: string, oauth?: string, more: object = {}): RawAnswer => ({
  status,
  body: JSON.stringify({
    ...(oauth && { error: oauth, error_description: 'SECRET text' }),
    errors: [{ errorCode: code, message: 'SECRET text' }],
    ...more,
  }),
});

const json = (status: number, value: unknown): RawAnswer => ({ status, body: JSON.stringify(value) });
const token = (answer: RawAnswer) => classifyTokenAnswer(answer, start);
const revoke = (answer: RawAnswer) => classifyRevokeAnswer(answer, start);

describe('an answer to a refresh', () => {
  it('with an access token is a rotation', () => {
    expect(token(json(200, { access_token: 'a', refresh_token: 'r', expires_in: 3600 }))).toStrictEqual({
      kind: 'rotated',
      response: { accessToken: 'a', tokenType: 'bearer', accessLifetimeMs: hour, refreshToken: 'r' },
    });
  });

  it.each([
    ['a 201', 201],
    ['a 299', 299],
  ])('with an access token in %s is one too: the refresh token that bought it is spent', (_, status) => {
    expect(token(json(status, { access_token: 'a' }))).toMatchObject({ kind: 'rotated' });
  });

  it.each([
    ['expired', 400, 'OAU-210', 'invalid_grant'],
    ['revoked', 400, 'OAU-211', 'invalid_grant'],
    ['not found', 400, 'OAU-213', 'invalid_grant'],
    ['not found, as the APIs say it', 401, 'OAU-213', undefined],
    ['of an owner who may not log in (OAU-136)', 401, 'OAU-136', undefined],
    ['of an owner who may not log in (OAU-140)', 401, 'OAU-140', undefined],
    ['of an owner who may not log in (OAU-141)', 401, 'OAU-141', undefined],
    ['of an owner who may not log in (OAU-142)', 401, 'OAU-142', undefined],
    ['expired, with another word beside the code', 400, 'OAU-210', 'invalid_request'],
    ['revoked, by a 403', 403, 'OAU-211', undefined],
  ])('that the token is %s is a refusal', (_, status, code, oauth) => {
    expect(token(error(status, code, oauth))).toStrictEqual({ kind: 'refused', code });
  });

  it('with invalid_grant and no other code is a refusal, in the words of the RFC', () => {
    expect(token(json(400, { error: 'invalid_grant' }))).toStrictEqual({
      kind: 'refused',
      code: 'invalid_grant',
    });
  });

  it.each([
    ['wrong client credentials', 401, 'OAU-146', undefined],
    ['wrong client credentials', 401, 'OAU-153', 'invalid_client'],
    ['wrong client credentials', 401, 'OAU-120', undefined],
    ['wrong client credentials', 401, 'OAU-121', undefined],
    ['wrong client credentials, by a 400', 400, 'OAU-153', 'invalid_client'],
    ['a grant type that the app may not use', 403, 'OAU-112', undefined],
    ['a grant type that the app may not use', 403, 'OAU-125', undefined],
  ])('about %s (%i %s) is a misconfiguration', (_, status, code, oauth) => {
    expect(token(error(status, code, oauth))).toStrictEqual({ kind: 'misconfigured', code });
    expect(isMisconfiguration(code)).toBe(true);
  });

  it.each(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'])(
    'that says %s and nothing else is a misconfiguration',
    code => {
      expect(token(json(401, { error: code }))).toStrictEqual({ kind: 'misconfigured', code });
      expect(isMisconfiguration(code)).toBe(true);
    },
  );

  it.each(['CMN-301', 'CMN-302', 'CMN-310', 'CMN-304'])('with 429 and %s is a limit', code => {
    expect(token(error(429, code))).toStrictEqual({ kind: 'limited', code });
  });

  it.each(['CMN-301', 'CMN-302', 'CMN-310', 'CMN-304'])(
    'with %s is a limit under another status too',
    code => {
      expect(token({ ...error(403, code), retryAfter: '5' })).toStrictEqual({
        kind: 'limited',
        code,
        retryAfterMs: 5 * second,
      });
    },
  );

  it.each([408, 500, 502, 503, 504, 599])(
    'with status %i leaves the outcome unknown, whatever it says',
    status => {
      for (const code of ['OAU-213', 'OAU-153', 'CMN-301', 'CMN-211'])
        expect(token(error(status, code, 'invalid_grant'))).toStrictEqual({ kind: 'unknown', code });
      expect(token({ status })).toStrictEqual({ kind: 'unknown', code: `http-${status}` });
    },
  );

  it.each([100, 101, 204, 301, 302, 304, 307, 308, 402, 404, 405, 410, 413, 415, 421, 451])(
    'with status %i proves nothing, even with the code of a refusal',
    status => {
      expect(token(error(status, 'OAU-213', 'invalid_grant')).kind).toBe('unknown');
    },
  );

  it.each([
    ['HTML', '<html><h1>OAU-213 invalid_grant</h1></html>'],
    ['an empty body', ''],
    ['half a body', '{"error":"invalid_grant","errors":[{"errorCode":"OAU-2'],
    ['text', 'invalid_grant'],
    ['JSON that is text', '"OAU-213"'],
    ['JSON that is a list', '["OAU-213"]'],
    ['a refusal inside something else', '{"response":{"errors":[{"errorCode":"OAU-213"}]}}'],
    ['codes that are no list', '{"errors":{"errorCode":"OAU-213"}}'],
    ['a code in lower case', '{"errors":[{"errorCode":"oau-213"}]}'],
    ['a code with something around it', '{"errors":[{"errorCode":" OAU-213\\n"}]}'],
    ['a code in a list', '{"errors":[{"errorCode":["OAU-213"]}]}'],
    ['the word in a list', '{"error":["invalid_grant"]}'],
  ])('with status 400 and %s proves nothing', (_, body) => {
    expect(token({ status: 400, body })).toStrictEqual({ kind: 'unknown', code: 'http-400' });
  });

  it.each([200, 400, 401, 403])('without a body that could be read (%i) is unknown', status => {
    expect(token({ status }).kind).toBe('unknown');
  });

  it.each([
    ['a code that nobody knows yet', 400, 'OAU-999', undefined],
    ['a code that nobody knows yet beside invalid_grant', 400, 'OAU-999', 'invalid_grant'],
    ['a code of the access token', 401, 'OAU-128', undefined],
    ['a code of the access token beside invalid_grant', 401, 'OAU-129', 'invalid_grant'],
    ['a code of the access token', 401, 'OAU-149', undefined],
  ])('with %s (%i %s %s) proves nothing, and says which', (_, status, code, oauth) => {
    expect(token(error(status, code, oauth))).toStrictEqual({ kind: 'unknown', code });
  });

  it.each([
    ['invalid_request', 400],
    ['invalid_scope', 400],
    ['invalid_token', 401],
    ['temporarily_unavailable', 400],
  ])('with %s proves nothing, and says so', (code, status) => {
    expect(token(json(status, { error: code }))).toStrictEqual({ kind: 'unknown', code });
  });

  it('with an error in a 200 is unknown, refusal or not', () => {
    expect(token(error(200, 'OAU-213', 'invalid_grant'))).toStrictEqual({
      kind: 'unknown',
      code: 'unreadable-answer',
    });
  });

  it.each([
    ['the code on top only', { errorCode: 'OAU-213' }],
    ['the code on top beside invalid_grant', { error: 'invalid_grant', errorCode: 'OAU-213' }],
    ['a known code after an unknown one', { errors: [{ errorCode: 'OAU-999' }, { errorCode: 'OAU-213' }] }],
    ['holes in the list', { errors: [null, 7, 'x', {}, { errorCode: 7 }, { errorCode: 'OAU-213' }] }],
  ])('is understood with %s', (_, body) => {
    expect(token(json(400, body))).toStrictEqual({ kind: 'refused', code: 'OAU-213' });
  });

  it('is read to a bounded depth only', () => {
    const errors = [
      ...Array.from({ length: 10 }, () => ({ errorCode: 'OAU-999' })),
      { errorCode: 'OAU-213' },
    ];
    expect(token(json(400, { errors }))).toStrictEqual({ kind: 'unknown', code: 'OAU-999' });
  });
});

describe('where an answer says several things', () => {
  const errors = (...codes: string[]) => ({ errors: codes.map(errorCode => ({ errorCode })) });

  it.each([
    ['a limit goes before a misconfiguration', ['OAU-153', 'CMN-301'], { kind: 'limited', code: 'CMN-301' }],
    ['a limit goes before a refusal', ['OAU-213', 'CMN-304'], { kind: 'limited', code: 'CMN-304' }],
    [
      'a misconfiguration goes before a refusal',
      ['OAU-213', 'OAU-146'],
      { kind: 'misconfigured', code: 'OAU-146' },
    ],
    ['a refusal goes before what nobody knows', ['OAU-999', 'OAU-211'], { kind: 'refused', code: 'OAU-211' }],
  ])('%s', (_, codes, expected) => {
    expect(token(json(400, errors(...codes)))).toStrictEqual(expected);
    expect(token(json(400, errors(...codes.toReversed())))).toStrictEqual(expected);
  });

  it('invalid_client goes before the code of a refusal: the grant is not to blame', () => {
    expect(token(error(401, 'OAU-213', 'invalid_client'))).toStrictEqual({
      kind: 'misconfigured',
      code: 'invalid_client',
    });
  });

  it('a 429 is a limit, whatever else it says', () => {
    expect(token(error(429, 'OAU-213', 'invalid_grant'))).toStrictEqual({ kind: 'limited', code: 'OAU-213' });
    expect(token({ status: 429, body: '<html>' })).toStrictEqual({ kind: 'limited', code: 'http-429' });
    expect(token(json(429, { access_token: 'a' }))).toStrictEqual({ kind: 'limited', code: 'http-429' });
  });
});

describe('a code of a form that nobody knows', () => {
  it.each([
    [{ error: 'invalid_grant', errors: [{ errorCode: 'TokenBusy' }] }],
    [{ error: 'invalid_grant', errors: [{ errorCode: 7 }] }],
    [{ error: 'invalid_grant', errorCode: 'busy' }],
  ])('beside invalid_grant proves nothing: %j', body => {
    expect(token(json(400, body)).kind).toBe('unknown');
  });

  it.each(['OAU-213 of token SECRET', 'SECRET OAU-213', 'oau-213', 'OAU-2130000'])(
    'is never quoted: it may be anything (%j)',
    errorCode => {
      const body = { error: 'invalid_grant', errorCode };
      expect(token(json(400, body))).toEqual({ kind: 'unknown', code: 'invalid_grant' });
    },
  );

  it('is not one that is null', () => {
    expect(
      token(json(400, { error: 'invalid_grant', errorCode: null, errors: [{ errorCode: null }] })),
    ).toEqual({ kind: 'refused', code: 'invalid_grant' });
  });

  it('invalid_grant itself in the place of a code changes nothing', () => {
    expect(token(json(400, { error: 'invalid_grant', errorCode: 'invalid_grant' })).kind).toBe('refused');
  });
});

it.each(['<html>', '\n  <!doctype html>'])(
  'a page of something in between says nothing of a revocation: %j',
  body => {
    expect(classifyRevokeAnswer({ status: 200, body }, start)).toEqual({
      kind: 'unknown',
      code: 'unreadable-answer',
    });
  },
);

it.each([100, 199, 300, 304])('%i is no success, whatever comes with it', status => {
  expect(token(json(status, { access_token: 'a' })).kind).toBe('unknown');
  expect(revoke({ status }).kind).toBe('unknown');
});

describe('Retry-After', () => {
  const after = (retryAfter: string | undefined) => {
    const answer = token({ status: 429, ...(retryAfter !== undefined && { retryAfter }) });
    return answer.kind === 'limited' ? answer.retryAfterMs : expect.unreachable('not limited');
  };

  it.each([
    ['seconds', '30', 30 * second],
    ['no seconds at all', '0', 0],
    ['seconds with space around', ' 45 ', 45 * second],
    ['a date', new Date(start + 2 * minute).toUTCString(), 2 * minute],
    ['a very long time', '999999999', 999_999_999 * second],
  ])('as %s', (_, header, ms) => {
    expect(after(header)).toBe(ms);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['a word', 'soon'],
    ['a number with a word', '30s'],
    ['a date that is over', new Date(start - minute).toUTCString()],
    ['a date with something before it', `about ${new Date(start + minute).toUTCString()}`],
    ['a date with something after it', `${new Date(start + minute).toUTCString()}-0100`],
    ['a negative number', '-1'],
    ['a fraction', '1.5'],
    ['two numbers', '5, 5'],
    ['more digits than any time has', '99999999999999999999'],
  ])('that is %s says nothing', (_, header) => {
    expect(after(header)).toBeUndefined();
  });

  it('counts for limits only: a 503 stays unknown', () => {
    expect(token({ status: 503, retryAfter: '30' })).toStrictEqual({ kind: 'unknown', code: 'http-503' });
  });
});

describe('an answer to a revocation', () => {
  it.each([
    ['with an empty body', { status: 200 }],
    ['with a body', { status: 200, body: '{}' }],
    ['without content', { status: 204 }],
  ])('that is a success %s ends the session', (_, answer) => {
    expect(revoke(answer)).toStrictEqual({ kind: 'ended' });
  });

  it.each(['OAU-210', 'OAU-211', 'OAU-213'])('that the token is not there (%s) is as good', code => {
    expect(revoke(error(400, code, 'invalid_grant'))).toStrictEqual({ kind: 'ended' });
  });

  it.each([
    [
      'wrong credentials',
      error(401, 'OAU-153', 'invalid_client'),
      { kind: 'misconfigured', code: 'OAU-153' },
    ],
    [
      'a limit',
      { ...error(429, 'CMN-301'), retryAfter: '60' },
      { kind: 'limited', code: 'CMN-301', retryAfterMs: minute },
    ],
    ['a 500', { status: 500 }, { kind: 'unknown', code: 'http-500' }],
    ['a redirect', { status: 302 }, { kind: 'unknown', code: 'http-302' }],
    ['a page', { status: 400, body: '<html>' }, { kind: 'unknown', code: 'http-400' }],
    ['an unknown code', error(400, 'OAU-999', 'invalid_grant'), { kind: 'unknown', code: 'OAU-999' }],
  ])('that is %s is what it is', (_, answer, expected) => {
    expect(revoke(answer as RawAnswer)).toStrictEqual(expected);
  });
});

describe('of any answer at all', () => {
  const codes = fc.oneof(
    fc.constantFrom('OAU-213', 'OAU-153', 'CMN-301', 'OAU-999', 'oau-1', 'SECRET', 'SECRET-12345', ''),
    fc.anything(),
  );
  const words = fc.oneof(fc.constantFrom('invalid_grant', 'invalid_client', 'SECRET'), fc.anything());
  const bodies = fc.oneof(
    fc.string().map(text => `SECRET${text}`),
    fc.json(),
    fc
      .record(
        {
          error: words,
          errorCode: codes,
          errors: fc.oneof(fc.array(fc.oneof(fc.record({ errorCode: codes }), fc.anything())), fc.anything()),
          access_token: fc.anything(),
          expires_in: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map(value => {
        try {
          return JSON.stringify(value) ?? '';
        } catch {
          return 'BigInt';
        }
      }),
  );
  const answers = fc.record(
    {
      status: fc.oneof(
        fc.integer({ min: 100, max: 599 }),
        fc.constantFrom(200, 400, 401, 403, 429),
        fc.integer(),
      ),
      retryAfter: fc.oneof(fc.string(), fc.nat().map(String)),
      body: bodies,
    },
    { requiredKeys: ['status'] },
  ) as fc.Arbitrary<RawAnswer>;

  it('there is a meaning, which quotes nothing and has the form of a code', () => {
    fc.assert(
      fc.property(answers, fc.maxSafeNat(), (answer, now) => {
        for (const meaning of [classifyTokenAnswer(answer, now), classifyRevokeAnswer(answer, now)]) {
          if (meaning.kind === 'rotated' || meaning.kind === 'ended') continue;
          expect(meaning.code).toMatch(/^([A-Z]{2,5}-\d{1,5}|[a-z_]+|http--?\d+|unreadable-answer)$/);
          expect(JSON.stringify(meaning)).not.toContain('SECRET');
          expect(Object.keys(meaning).every(key => ['kind', 'code', 'retryAfterMs'].includes(key))).toBe(
            true,
          );
          if (meaning.kind === 'limited' && 'retryAfterMs' in meaning)
            expect(meaning.retryAfterMs).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('none is a refusal without 400, 401 or 403, JSON, and a code that is known to be one', () => {
    const known = /OAU-(210|211|213|136|140|141|142)|invalid_grant/;
    fc.assert(
      fc.property(answers, answer => {
        const meaning = token(answer);
        if (meaning.kind !== 'refused') return;
        expect([400, 401, 403]).toContain(answer.status);
        expect(() => JSON.parse(answer.body ?? '')).not.toThrow();
        expect(meaning.code).toMatch(known);
      }),
      { numRuns: 2000 },
    );
  });
});

it.each(['app-unknown', 'app-mismatch', 'apps-unreadable'])(
  "the keeper's own %s is a misconfiguration",
  code => {
    expect(isMisconfiguration(code)).toBe(true);
  },
);

it.each([undefined, '', 'OAU-213', 'CMN-301', 'invalid_grant', 'http-401'])(
  '%s is no misconfiguration',
  code => {
    expect(isMisconfiguration(code)).toBe(false);
  },
);
