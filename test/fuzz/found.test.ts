/** What fuzzing has found, each with the smallest input that shows it. */
import { expect, it } from 'vitest';
import { classifyTokenAnswer } from '../../functions/domain/answer.ts';
import { checkSettings, defaultSettings } from '../../functions/domain/settings.ts';
import { parseOptions } from '../../sandbox/options.ts';

it.each([
  ['scope', 'half a pair: \ud800'],
  ['endpoint_id', '\udc00'],
  ['session_id', 'a\ud83db'],
  ['token_type', '\ud800'],
])('a new token set is taken without a %s that is no Unicode: no record could hold it', (name, text) => {
  const body = JSON.stringify({ access_token: 'a', refresh_token: 'r', expires_in: 3600, [name]: text });
  const answer = classifyTokenAnswer({ status: 200, body }, 0);
  expect(answer).toMatchObject({ kind: 'rotated', response: { accessToken: 'a', refreshToken: 'r' } });
  expect(Object.values((answer as { response: object }).response)).not.toContain(text);
});

const huge = {
  ...defaultSettings,
  refreshLifetimeMs: 1e12,
  refreshMarginMs: 1e11,
  replayWindowMs: 1e11,
  leaseMs: 2e10,
};

it('a timeout that no timer can count is an error: with it every refresh would fail before it is sent', () => {
  const settings = { ...huge, providerTimeoutMs: 2 ** 32 };
  expect(() => AbortSignal.timeout(settings.providerTimeoutMs)).toThrow(RangeError);
  expect(checkSettings(settings).map(({ setting }) => setting)).toContain('providerTimeoutMs');
});

it.each(['accessLifetimeMs', 'revokedRetentionMs', 'verdictDelayMs'] as const)(
  'a %s beyond all dates is an error: the times that follow from it could be neither shown nor read back',
  setting => {
    const settings = { ...defaultSettings, [setting]: 8.64e15 };
    expect(() => new Date(Date.now() + settings[setting]).toISOString()).toThrow(RangeError);
    expect(checkSettings(settings).map(problem => problem.setting)).toContain(setting);
  },
);

it.each([[['--port', '--data']], [['--port', '-1']], [['--data', '-x']]])(
  'the command line %j is refused with one line',
  args => {
    expect(() => parseOptions(args)).toThrow(
      /^Option '--\w+' argument is ambiguous\. Try npm start -- --help$/,
    );
  },
);
