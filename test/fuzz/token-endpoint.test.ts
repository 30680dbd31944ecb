/** Whatever comes back over the wire, the adapter has a meaning for it, and the same as if it had come any other way. */
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTokenEndpoint } from '../../functions/adapters/token-endpoint.ts';
import { classifyRevokeAnswer, classifyTokenAnswer } from '../../functions/domain/answer.ts';
import { serve } from '../adapters/http.ts';
import {
  brokenJson,
  damaged,
  hostileTexts,
  hostileValues,
  jsonText,
  secret,
  tokenResponse,
} from './arbitraries.ts';
import { patienceMs, runs } from './runs.ts';

const clock = { now: () => 0, sleep: async () => {} };
const endpoint = createTokenEndpoint(2000, clock);

/** What may stand in a header: visible ASCII, spaces within, and Latin-1. */
const headerTexts = fc.oneof(
  fc.constantFrom(
    '30',
    '0',
    'Basic realm="x"',
    'Bearer error="invalid_token", ,=,',
    '"',
    ',',
    'gzip',
    'identity',
  ),
  fc.stringMatching(/^[\x21-\x7e\xa1-\xff][\x20-\x7e\xa1-\xff]{0,30}$/),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'retry-after',
    'www-authenticate',
    'content-type',
    'location',
    'set-cookie',
    'dpop-nonce',
    'x-other',
  ),
  headerTexts,
);
const texts = fc.oneof(
  damaged(fc.constant(tokenResponse)).map(jsonText),
  brokenJson(fc.constant(tokenResponse)),
  hostileValues.map(jsonText),
  hostileTexts,
);
const bodies = fc.oneof(
  texts.map(text => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
);
const encodings = fc.constantFrom('none', 'none', 'none', 'gzip', 'gzip that is none');
const wireAnswers = fc.record({
  // Of a 407 `fetch` makes a network error, and a 421 it asks again by itself: either way the outcome is unknown.
  status: fc.integer({ min: 200, max: 599 }).filter(status => status !== 407 && status !== 421),
  headers,
  body: bodies,
  encoding: encodings,
});
type WireAnswer = typeof wireAnswers extends fc.Arbitrary<infer T> ? T : never;

let answer: WireAnswer;
let app: Parameters<typeof endpoint.refresh>[0];
beforeEach(async () => {
  const { url } = await serve(response => {
    const { status, headers: fields, body, encoding } = answer;
    if (encoding !== 'none') response.setHeader('content-encoding', 'gzip');
    response.writeHead(status, fields).end(encoding === 'gzip' ? gzipSync(body) : body);
  });
  app = { name: 'main', server: url, clientId: 'client', clientSecret: secret };
});

const hasBody = (status: number): boolean => ![204, 205, 304].includes(status);

describe('the token endpoint', () => {
  it(
    'never throws, whatever is answered, and makes of it what the table of answers does',
    async () => {
      await fc.assert(
        fc.asyncProperty(wireAnswers, async given => {
          answer = given;
          const { status, encoding } = given;
          const retryAfter = given.headers['retry-after'];
          const raw = {
            status,
            ...(retryAfter !== undefined && { retryAfter }),
            ...(encoding !== 'gzip that is none' && {
              body: hasBody(status) ? new TextDecoder().decode(given.body) : '',
            }),
          };
          const refreshed = await endpoint.refresh(app, 'a token');
          const revoked = await endpoint.revoke(app, 'a token');
          expect(refreshed).toEqual(classifyTokenAnswer(raw, 0));
          expect(revoked).toEqual(classifyRevokeAnswer(raw, 0));
          if (refreshed.kind !== 'rotated')
            expect(JSON.stringify([refreshed, revoked])).not.toContain(secret);
        }),
        runs(200),
      );
    },
    patienceMs,
  );

  it(
    'sends what a token or a credential is made of, whatever that is, and never throws',
    async () => {
      answer = { status: 200, headers: {}, body: Buffer.from(jsonText(tokenResponse)), encoding: 'none' };
      await fc.assert(
        fc.asyncProperty(hostileTexts, hostileTexts, hostileTexts, async (token, clientId, clientSecret) => {
          const strange = { ...app, clientId, clientSecret };
          const refreshed = await endpoint.refresh(strange, token);
          const revoked = await endpoint.revoke(strange, token);
          for (const { kind } of [refreshed, revoked])
            expect(['rotated', 'ended', 'unknown']).toContain(kind);
        }),
        runs(100),
      );
    },
    patienceMs,
  );
});
