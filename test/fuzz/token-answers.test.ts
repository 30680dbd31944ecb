/** Whatever RingCentral, or something on the way to it, answers: a refresh that happened is kept, and one that did not can be repeated. */
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantCodec } from '../../functions/adapters/records.ts';
import {
  classifyRevokeAnswer,
  classifyTokenAnswer,
  type RawAnswer,
  type TokenAnswer,
} from '../../functions/domain/answer.ts';
import { type Grant, isRenewable, strategies } from '../../functions/domain/grant.ts';
import { defaultSettings } from '../../functions/domain/settings.ts';
import { readTokenResponse } from '../../functions/domain/tokens.ts';
import { activeGrant, day, grantWith, hour, minute } from '../domain/grants.ts';
import { createWorld, rotated, type World } from '../keeper/world.ts';
import {
  brokenJson,
  damaged,
  hostileTexts,
  hostileValues,
  isPolluted,
  jsonText,
  secret,
  tokenResponse,
} from './arbitraries.ts';
import { patienceMs, runs } from './runs.ts';

const isJson = (value: unknown): boolean => {
  try {
    JSON.parse(jsonText(value));
    return true;
  } catch {
    return false;
  }
};

const { access_token: _access, ...besides } = tokenResponse;
/** A response of which only the access token is sure to be as it should. */
const usableResponses = fc
  .tuple(damaged(fc.constant(besides), 3), fc.dictionary(hostileTexts, hostileValues, { maxKeys: 2 }))
  .map(([rest, more]) => ({ ...more, ...(rest as object), access_token: tokenResponse.access_token }))
  .filter(isJson);

const refusalBody = {
  error: 'invalid_grant',
  error_description: `Token ${secret} not found`,
  errors: [{ errorCode: 'OAU-213', message: secret }],
  errorCode: 'OAU-213',
};
const codes = fc.oneof(
  fc.constantFrom<unknown>(
    'invalid_grant',
    'invalid_client',
    'OAU-213',
    'OAU-999',
    'CMN-301',
    secret,
    `OAU-${secret}`,
  ),
  hostileValues,
);
const errorBodies = fc.record(
  {
    error: codes,
    errorCode: codes,
    errors: fc.array(fc.record({ errorCode: codes, message: codes }), { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const bodies = fc.oneof(
  { weight: 3, arbitrary: errorBodies.map(jsonText) },
  { weight: 4, arbitrary: usableResponses.map(jsonText) },
  { weight: 3, arbitrary: damaged(fc.constant(tokenResponse), 3).map(jsonText) },
  { weight: 3, arbitrary: damaged(fc.constant(refusalBody), 2).map(jsonText) },
  { weight: 1, arbitrary: brokenJson(fc.constantFrom<object>(tokenResponse, refusalBody)) },
  { weight: 1, arbitrary: hostileValues.map(jsonText) },
  { weight: 1, arbitrary: hostileTexts },
);
const statuses = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(200, 201, 204, 302, 400, 401, 403, 408, 429, 500, 503) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 599 }) },
);
const retryAfters = fc.oneof(
  fc.constantFrom('0', '30', '999999999', '1e9', '-5', '0.5', 'Fri, 31 Dec 9999 23:59:59 GMT'),
  fc.constantFrom('Wed, 21 Oct 2015 07:28:00 GMT', 'Xyz, 99 Abc 2026 99:99:99 GMT', '٣٠', '1, 2'),
  hostileTexts,
);
const answers = fc.record(
  { status: statuses, body: bodies, retryAfter: retryAfters },
  { requiredKeys: ['status'] },
) as fc.Arbitrary<RawAnswer>;

describe('a token response', () => {
  it('with a usable access token is taken, whatever else is in it', () => {
    fc.assert(
      fc.property(usableResponses, fc.constantFrom(200, 201, 299), (response, status) => {
        const answer = classifyTokenAnswer({ status, body: jsonText(response) }, 0);
        expect(answer).toMatchObject({
          kind: 'rotated',
          response: { accessToken: tokenResponse.access_token },
        });
      }),
      runs(1500),
    );
  });

  it('of any shape is read as texts that can be stored and lifetimes that can be reckoned with, or not at all', () => {
    fc.assert(
      fc.property(fc.oneof(hostileValues, damaged(fc.constant(tokenResponse), 4)), json => {
        const { accessLifetimeMs, refreshLifetimeMs, sessionLifetimeMs, ...texts } =
          readTokenResponse(json) ?? {};
        for (const lifetime of [accessLifetimeMs, refreshLifetimeMs, sessionLifetimeMs]) {
          if (lifetime === undefined) continue;
          expect(Number.isSafeInteger(lifetime) && lifetime >= 0 && lifetime <= 1e13).toBe(true);
        }
        for (const text of Object.values(texts)) {
          expect(text).toBeTypeOf('string');
          expect(text).not.toBe('');
          expect(text.length).toBeLessThanOrEqual(16_384);
          expect(text.isWellFormed()).toBe(true);
        }
        expect(isPolluted()).toBe(false);
      }),
      runs(2000),
    );
  });
});

/** The record as DynamoDB would give it back. */
const stored = (grant: Grant): Grant =>
  grantCodec.decode(unmarshall(marshall(grantCodec.encode(grant), { removeUndefinedValues: true })));

/** JSON knows one zero only, as DynamoDB does. */
const expectSameStored = (grant: Grant): void => {
  expect(stored(grant)).toEqual(JSON.parse(JSON.stringify(grant)));
};

const expectSane = (grant: Grant, now: number): void => {
  expectSameStored(grant);
  const { cacheUntil, dueAt, refreshAt, tokens, holdUntil } = grant;
  const furthest = now + 400 * 365 * day;
  for (const time of [
    cacheUntil,
    dueAt,
    refreshAt,
    holdUntil,
    tokens?.accessExpiresAt,
    tokens?.refreshExpiresAt,
  ]) {
    if (time !== undefined) expect(Number.isSafeInteger(time) && time < furthest).toBe(true);
  }
  if (grant.state === 'active') {
    expect(dueAt).toBeDefined();
    expect(cacheUntil).toBeLessThanOrEqual(tokens?.accessExpiresAt ?? 0);
  }
  expect(holdUntil ?? 0).toBeLessThanOrEqual(
    now + defaultSettings.maxHoldMs + defaultSettings.maxClockSkewMs,
  );
};

/** A refresh token of life 0 is withdrawn by the answer itself. */
const withdraws = (answer: TokenAnswer): boolean =>
  answer.kind === 'rotated' && answer.response.refreshLifetimeMs === 0;

/** Whatever the table of answers makes of it: without one of these words nobody was refused. */
const expectProof = ({ status, body = '' }: RawAnswer): void => {
  expect([400, 401, 403]).toContain(status);
  expect(body).toMatch(/"(OAU-(210|211|213|136|140|141|142)|invalid_grant)"/);
};

const expectSilence = (world: World): void => {
  expect(JSON.stringify([world.facts, world.events])).not.toContain(secret);
  expect(isPolluted()).toBe(false);
};

const meets = (raw: readonly RawAnswer[], now: () => number) => {
  const left = [...raw];
  return (token: string): TokenAnswer => {
    const answer = left.shift();
    return answer === undefined
      ? rotated(Number(/\d+$/.exec(token)?.[0] ?? 0) + 1)
      : classifyTokenAnswer(answer, now());
  };
};

const dueNow = (strategy: Grant['strategy']) => ({
  strategy,
  refreshAt: activeGrant.connectedAt,
  dueAt: activeGrant.connectedAt,
});

describe('a refresh', () => {
  it(
    'that is answered anything leaves a grant that can be read, is due, and is alive unless the answer said otherwise',
    async () => {
      await fc.assert(
        fc.asyncProperty(answers, fc.constantFrom(...strategies), async (raw, strategy) => {
          const world = createWorld();
          world.store.seed(grantWith({ ...dueNow(strategy), cacheUntil: activeGrant.connectedAt }));
          world.now += hour;
          const answer = classifyTokenAnswer(raw, world.now);
          world.onRefresh = () => answer;
          const report = await world.sweep();
          expect(report).toMatchObject({ due: 1, failed: 0 });
          const grant = world.grant();
          for (const version of world.store.history) expectSane(version, world.now);
          expect(grant.state).toBe('active');
          expect(isRenewable(grant)).toBe(!withdraws(answer));
          expect(grant.refusal !== undefined).toBe(answer.kind === 'refused');
          if (answer.kind === 'refused') expectProof(raw);
          if (answer.kind === 'rotated') expect(grant.tokens?.accessToken).toBe(answer.response.accessToken);
          expectSilence(world);
        }),
        runs(800),
      );
    },
    patienceMs,
  );

  it(
    'that is answered anything several times is made good by one answer as it should be',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(answers, { minLength: 1, maxLength: 4 }),
          fc.constantFrom(...strategies),
          async (raw, strategy) => {
            const world = createWorld();
            world.store.seed(grantWith(dueNow(strategy)));
            const meanings = raw.map(answer => classifyTokenAnswer(answer, world.now));
            fc.pre(!meanings.some(answer => withdraws(answer) || answer.kind === 'refused'));
            world.onRefresh = meets(raw, () => world.now);
            world.now += hour;
            const healthy = () => world.calls.length > raw.length;
            for (let round = 0; round < 60 && !healthy(); round += 1) {
              await world.sweep();
              world.now = Math.max(world.now, world.grant().dueAt ?? 0) + minute;
            }
            expect(world.grant()).toMatchObject({ state: 'active', failures: 0 });
            expect(world.grant().tokens?.accessToken).toMatch(/^access-\d+$/);
            for (const version of world.store.history) expectSameStored(version);
            expectSilence(world);
          },
        ),
        runs(300),
      );
    },
    patienceMs,
  );

  it(
    'that a getter asks for gives it a token or a clean reason, and no token but that',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 4 }), async raw => {
          const world = createWorld();
          world.store.seed(grantWith({ cacheUntil: activeGrant.connectedAt }));
          world.now += hour;
          world.onRefresh = meets(raw, () => world.now);
          const served = await world.getToken().catch((error: unknown) => error);
          if (served instanceof Error) {
            expect(served).toMatchObject({ name: 'KeeperError', code: expect.any(String) });
            expect(JSON.stringify([served.message, served])).not.toContain(secret);
          } else {
            const { tokens, cacheUntil } = world.grant();
            expect(served).toMatchObject({
              accessToken: tokens?.accessToken,
              cacheUntil,
              expiresAt: tokens?.accessExpiresAt,
            });
            expect(cacheUntil).toBeGreaterThan(world.now);
          }
          expectSilence(world);
        }),
        runs(300),
      );
    },
    patienceMs,
  );
});

describe('a revocation', () => {
  it(
    'that is answered anything ends, or is tried again when the provider may be asked',
    async () => {
      await fc.assert(
        fc.asyncProperty(answers, fc.option(answers, { nil: undefined }), async (raw, replay) => {
          const world = createWorld();
          const sent = { at: activeGrant.connectedAt, by: 'other' };
          world.store.seed(grantWith(replay === undefined ? {} : { sent }));
          world.onRevoke = () => classifyRevokeAnswer(raw, world.now);
          world.onRefresh = () => classifyTokenAnswer(replay ?? raw, world.now);
          const { state } = await world.keeper.revokeGrant(activeGrant.grantId, world.now + minute);
          const grant = world.grant();
          expect(grant.state).toBe(state);
          expect(grant.tokens === undefined).toBe(state === 'revoked');
          for (const version of world.store.history) expectSameStored(version);
          if (state === 'revoking') {
            world.onRevoke = () => ({ kind: 'ended' });
            world.onRefresh = () => ({ kind: 'refused', code: 'OAU-213' });
            world.now = (grant.dueAt ?? Number.POSITIVE_INFINITY) + 1;
            await world.sweep();
            expect(world.grant().state).toBe('revoked');
          }
          expectSilence(world);
        }),
        runs(400),
      );
    },
    patienceMs,
  );
});
