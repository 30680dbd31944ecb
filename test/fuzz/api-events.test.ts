/** Whatever is sent to the api function, through whichever alias: an answer of a documented shape, and nothing said too much. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../../functions/api/routes.ts';
import { type Api, startApi } from '../api/api.ts';
import { answerFaults, faultsBySchema } from '../api/contract.ts';
import { httpEvent } from '../system/sandbox.ts';
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
import { listen, type Output } from './output.ts';
import { patienceMs, runs } from './runs.ts';
import { openTable, type Table } from './table.ts';

let api: Api;
let table: Table;
let output: Output;
beforeAll(async () => {
  output = listen();
  api = await startApi();
  table = openTable(api.sandbox.database);
});
afterAll(async () => {
  output.restore();
  table.close();
  await api.close();
});

let count = 0;
const next = (): number => {
  count += 1;
  return count;
};

/** A grant that lives, connected anew whenever a run has ended it. */
let live = { id: 'none', generation: 0 };

/** What earlier runs left behind would make each scan longer. */
const clearedEvery = 50;

const revive = async (): Promise<void> => {
  const run = next();
  if (run % clearedEvery === 0) await table.empty();
  const { ok, result } = await api.direct('admin', { action: 'getGrant', grantId: live.id });
  if (ok && result.state === 'active') {
    live = { ...live, generation: result.generation };
    return;
  }
  live = { id: `live:${run}`, generation: 1 };
  const body = { ...api.authorize(String(10_000 + (run % 1000))), app: 'main' };
  expect(await api.direct('admin', { action: 'putGrant', grantId: live.id, body })).toMatchObject({
    ok: true,
  });
};

/** `@live@`, `@generation@`, `@new@` and `@owner@` stand for what is only known when a run begins. */
const filledIn = <T>(event: T): T =>
  JSON.parse(
    JSON.stringify(event)
      .replaceAll('@live@', live.id)
      .replaceAll('@generation@', String(live.generation))
      .replaceAll('@new@', `new:${next()}`)
      .replaceAll('@owner@', String(1_000_000 + next())),
  );

const importBody = { ...tokenResponse, owner_id: '@owner@', app: 'main', label: 'Desk', strategy: 'hourly' };
const preconditions = fc.oneof(
  fc.constantFrom(
    '"@generation@"',
    '@generation@',
    'W/"1"',
    '*',
    '"1", "2"',
    '""',
    '"',
    '01',
    '-1',
    '1e3',
    '٣',
  ),
  hostileTexts,
);
const cursors = fc.oneof(hostileTexts, fc.string({ unit: fc.constantFrom(...'abcXYZ019-_=') }));
const bodies = fc.oneof(
  damaged(fc.constant(importBody), 3).map(jsonText),
  damaged(fc.constant({ rejectedGeneration: 1 })).map(jsonText),
  brokenJson(fc.constant(importBody)),
  hostileValues.map(jsonText),
  hostileTexts,
  fc.integer({ min: 65_000, max: 66_000 }).map(length => JSON.stringify('x'.repeat(length))),
);

const asked = (method: string, path: string, options = {}) => httpEvent(method, path, options);
const validEvents = fc.constantFrom(
  asked('GET', '/grants/@live@/token', { query: { minTtl: '60' } }),
  asked('POST', '/grants/@live@/refresh', { body: { rejectedGeneration: 1 } }),
  asked('GET', '/grants/@live@'),
  asked('GET', '/grants', { query: { limit: '3', state: 'active' } }),
  asked('PUT', '/grants/@new@', { body: importBody }),
  asked('PUT', '/grants/@live@', { body: importBody, headers: { 'If-Match': '"@generation@"' } }),
  asked('POST', '/grants/@live@/reinstate'),
  asked('DELETE', '/grants/@live@'),
);

/** One part of a valid request is somebody's own. */
const strangeEvents = fc
  .record({
    event: validEvents,
    part: fc.oneof(
      fc.record({ body: bodies, isBase64Encoded: fc.constant(false) }),
      bodies.map(body => ({ body: Buffer.from(body).toString('base64'), isBase64Encoded: true })),
      fc.record({ body: bodies, isBase64Encoded: fc.constant(true) }),
      preconditions.map(ifMatch => ({ headers: { 'iF-mATCH': ifMatch } })),
      cursors.map(cursor => ({ queryStringParameters: { cursor } })),
      hostileTexts.map(limit => ({ queryStringParameters: { limit } })),
      hostileTexts.map(minTtl => ({ queryStringParameters: { minTtl } })),
      hostileTexts.map(grantId => ({ pathParameters: { grantId } })),
      fc.dictionary(hostileTexts, fc.oneof(hostileTexts, hostileValues)).map(headers => ({ headers })),
      hostileValues.map(multiValueHeaders => ({ multiValueHeaders })),
      hostileTexts.map(routeKey => ({ routeKey })),
    ),
  })
  .map(({ event, part }) => ({ ...event, ...part }));

const ofNobodysFault = ['refresh-pending', 'provider-unavailable'];
const expectNoFault = (status: number, { code }: { code?: string }): void => {
  if (status >= 500) expect(ofNobodysFault).toContain(code);
};
/** What these say has been found before anything was done. */
const refusedOutright = new Set([
  'invalid-request',
  'forbidden',
  'body-too-large',
  'generation-mismatch',
  'route-not-found',
  'method-not-allowed',
]);

const told = ['label', 'scope', 'endpointId', 'accessToken'];
/** What is left of an answer that its sender has not asked to have kept and told. */
const untold = (answer: unknown): string =>
  JSON.stringify(answer, (key, value) => (told.includes(key) ? undefined : value));

const expectSilence = (answer: unknown): void => {
  expect(untold(answer)).not.toContain(secret);
  expect(output.taken()).not.toContain(secret);
  expect(isPolluted()).toBe(false);
};

describe('an HTTP event', () => {
  const events = fc.oneof(
    { weight: 3, arbitrary: damaged(validEvents) },
    { weight: 4, arbitrary: strangeEvents },
    { weight: 1, arbitrary: damaged(strangeEvents) },
    { weight: 1, arbitrary: hostileValues },
  );

  const faults = (sent: { routeKey?: unknown } | null, answer: Parameters<typeof answerFaults>[2]) => {
    const route = routes.find(({ method, path }) => `${method} ${path}` === sent?.routeKey);
    const early = [400, 413].includes(answer.status);
    return route === undefined || early
      ? faultsBySchema('Problem', answer.body)
      : answerFaults(route.method, route.path, answer);
  };

  it(
    'of any kind is answered as documented, and never with a fault of ours',
    async () => {
      await fc.assert(
        fc.asyncProperty(events, async event => {
          await revive();
          const sent = filledIn(event) as { routeKey?: unknown } | null;
          const before = await table.content();
          const { statusCode: status, headers, body: text } = await api.sandbox.direct('http', sent);
          const body = JSON.parse(text);
          expect(faults(sent, { status, headers, body })).toEqual([]);
          expectNoFault(status, body);
          if (status >= 400 && refusedOutright.has(body.code)) expect(await table.content()).toBe(before);
          expectSilence(body);
        }),
        runs(300),
      );
    },
    patienceMs,
  );
});

describe('a direct invocation', () => {
  const validRequests = fc.constantFrom<object>(
    { action: 'getToken', grantId: '@live@', minTtl: 60 },
    { action: 'refreshToken', grantId: '@live@', rejectedGeneration: 1 },
    { action: 'getGrant', grantId: '@live@' },
    { action: 'listGrants', state: 'active', limit: 3 },
    { action: 'putGrant', grantId: '@new@', body: importBody },
    { action: 'putGrant', grantId: '@live@', body: importBody, ifMatch: '"@generation@"' },
    { action: 'reinstateGrant', grantId: '@live@' },
    { action: 'revokeGrant', grantId: '@live@' },
  );
  const events = fc.oneof(
    { weight: 4, arbitrary: damaged(validRequests) },
    { weight: 1, arbitrary: validRequests },
    {
      weight: 1,
      arbitrary: damaged(fc.constant({ action: 'putGrant', grantId: '@new@', body: importBody }), 3),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(validRequests, preconditions)
        .map(([request, ifMatch]) => ({ ...request, ifMatch })),
    },
    { weight: 1, arbitrary: cursors.map(cursor => ({ action: 'listGrants', cursor })) },
    { weight: 1, arbitrary: validEvents },
    { weight: 1, arbitrary: hostileValues },
  );
  const aliases = fc.constantFrom(
    undefined,
    'get',
    'revoke',
    'admin',
    'none',
    '',
    'ADMIN',
    '__proto__',
    '$LATEST',
  );
  const mayWrite: Record<string, readonly string[]> = {
    get: ['getToken', 'refreshToken'],
    revoke: ['revokeGrant'],
    admin: ['getToken', 'refreshToken', 'putGrant', 'reinstateGrant', 'revokeGrant'],
  };

  it(
    'of any kind, through any alias, is answered as documented, and does what the alias allows only',
    async () => {
      await fc.assert(
        fc.asyncProperty(aliases, events, async (alias, event) => {
          await revive();
          const sent = filledIn(event) as { action?: string } | null;
          const before = await table.content();
          const answer = await api.sandbox.direct(alias, sent);
          expect(faultsBySchema('DirectAnswer', JSON.parse(JSON.stringify(answer)))).toEqual([]);
          const wrote = (await table.content()) !== before;
          if (wrote) expect(mayWrite[alias ?? ''] ?? []).toContain(sent?.action);
          const { status = 200, code } = answer.ok ? {} : answer.error;
          expectNoFault(status, { code });
          if (refusedOutright.has(code)) expect(wrote).toBe(false);
          expectSilence(answer);
        }),
        runs(250),
      );
    },
    patienceMs,
  );

  it(
    'is no way around the alias of the HTTP API, which answers it as HTTP',
    async () => {
      await fc.assert(
        fc.asyncProperty(damaged(validRequests), async event => {
          const { statusCode, body } = await api.sandbox.direct('http', filledIn(event));
          expect(statusCode).toBe(400);
          expect(faultsBySchema('Problem', JSON.parse(body))).toEqual([]);
          expectSilence(JSON.parse(body));
        }),
        runs(100),
      );
    },
    patienceMs,
  );
});

describe('an import', () => {
  const texts = fc.record({
    label: hostileTexts.map(text => text.slice(0, 256)),
    scope: hostileTexts.map(text => text.slice(0, 4096)),
    endpoint_id: hostileTexts.map(text => text.slice(0, 256)),
  });

  it(
    'that is accepted can be read back as it was sent',
    async () => {
      await fc.assert(
        fc.asyncProperty(texts, async extra => {
          const sent = filledIn({ action: 'putGrant', grantId: '@new@', body: { ...importBody } });
          const put = await api.sandbox.direct('admin', { ...sent, body: { ...sent.body, ...extra } });
          if (!put.ok) {
            expect(put.error.code).toBe('invalid-request');
            return;
          }
          // What is no Unicode is not stored as it is.
          for (const text of Object.values(extra)) expect(text.isWellFormed()).toBe(true);
          const got = await api.direct('admin', { action: 'getGrant', grantId: sent.grantId });
          const { label, scope = '', endpointId = '' } = got.result;
          expect({ label, scope, endpoint_id: endpointId }).toEqual(extra);
          expect(got.result).toEqual(put.result);
        }),
        runs(100),
      );
    },
    patienceMs,
  );
});
