import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpOptions } from '../system/sandbox.ts';
import { type Api, startApi } from './api.ts';
import { faultsAt, faultsBySchema, places, pointerTo } from './contract.ts';

const importBody = {
  access_token: 'a',
  expires_in: 3600,
  owner_id: '12345',
  refresh_token: 'r',
  refresh_token_expires_in: 604_800,
  token_type: 'bearer',
  scope: 'ReadAccounts',
  endpoint_id: 'e',
  app: 'main',
  obtainedAt: '2026-01-31T12:00:00Z',
  strategy: 'hourly',
  label: 'Front desk',
};

/** Values near the edges of what the fields allow. */
const nearMisses = fc.oneof(
  fc.constantFrom<unknown>(
    ...['', ' ', 'a', 'main', 'weekly', 'BEARER', 'bearer ', '60', 'é', 'a\nb', '\u0000', '~', '\ud800'],
    ...[0, 1, -1, 1.5, 1e9, 1e9 + 1, 2 ** 53 - 1, 2 ** 53, null, true, [], {}, ['a'], { a: 1 }],
    ...['x'.repeat(64), 'x'.repeat(65), 'x'.repeat(128), 'x'.repeat(129), 'x'.repeat(256), 'x'.repeat(257)],
    ...['x'.repeat(4096), 'x'.repeat(4097), 'x'.repeat(16_384), 'x'.repeat(16_385)],
    ...[
      '2026-01-31T12:00:00.123+02:00',
      '2026-01-31',
      '2026-02-30T12:00:00Z',
      '2026-01-31T12:00:00',
      '2026-13-01T00:00:00Z',
    ],
    ...[
      '2026-01-31T12:00:00+05',
      '2026-01-31 12:00:00Z',
      '2026-01-31T12:00:00+0530',
      '2026-01-31T12:00:00 +05',
    ],
  ),
  fc.jsonValue(),
);

describe('what the OpenAPI file says of requests', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  /** Refused for its form. The other answers speak of what is stored: nothing, and no request here is one that stores. */
  const isRefused = async (method: string, path: string, options: HttpOptions): Promise<boolean> => {
    const { status } = await api.http(method, path, options);
    expect([200, 400, 404, 412]).toContain(status);
    return status === 400;
  };

  it('of import bodies is what the handler takes', async () => {
    const bodies = fc.oneof(
      fc
        .tuple(fc.constantFrom(...Object.keys(importBody)), fc.option(nearMisses, { nil: undefined }))
        .map(([name, value]): unknown => ({ ...importBody, [name]: value })),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async body => {
        const sent = JSON.parse(JSON.stringify(body)) as unknown;
        const documented = faultsBySchema('TokenImport', sent).length === 0;
        expect(await isRefused('PUT', '/grants/acme:1', { body: sent, headers: { 'if-match': '7' } })).toBe(
          !documented,
        );
      }),
      { numRuns: 600 },
    );
  });

  it('of rejections is what the handler takes', async () => {
    const bodies = fc.oneof(
      nearMisses.map((rejectedGeneration): unknown => ({ rejectedGeneration })),
      fc.jsonValue(),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async body => {
        const sent = JSON.parse(JSON.stringify(body)) as unknown;
        const documented = faultsBySchema('Rejection', sent).length === 0;
        expect(await isRefused('POST', '/grants/acme:1/refresh', { body: sent })).toBe(!documented);
      }),
      { numRuns: 200 },
    );
  });

  const queryParameters = places.flatMap(({ method, path, pointer, operation }) =>
    (operation.parameters ?? []).flatMap((parameter, index) =>
      parameter.in === 'query' && !['minTtl', 'cursor'].includes(parameter.name)
        ? [{ method, path, parameter, schemaAt: `${pointer}/parameters/${index}/schema` }]
        : [],
    ),
  );

  it.each(queryParameters)('of ?$parameter.name of $method $path is what the handler takes', async place => {
    const { method, path, parameter, schemaAt } = place;
    const texts = fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '1',
        '100',
        '101',
        '-1',
        '1.5',
        '1e1',
        ' 1',
        '+1',
        '0x1',
        'NaN',
        'active',
        'Active',
      ),
      fc.constantFrom(
        'revoked',
        'revoking',
        'reauthorize',
        'constructor',
        '__proto__',
        'active,revoked',
        '1,2',
      ),
      fc.integer({ min: -10, max: 200 }).map(String),
      fc.string({ maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async text => {
        const typed = parameter.schema.type === 'integer' && /^\d{1,15}$/.test(text) ? Number(text) : text;
        const documented = faultsAt(schemaAt, typed).length === 0;
        const query = { [parameter.name]: text };
        expect(await isRefused(method, path.replace('{grantId}', 'acme:1'), { query })).toBe(!documented);
      }),
      { numRuns: 150 },
    );
  });

  it('of If-Match is what the handler takes', async () => {
    const pointer = `${pointerTo('paths', '/grants/{grantId}', 'put')}/parameters/0/schema`;
    const texts = fc.oneof(
      fc.constantFrom(
        '1',
        '"1"',
        'W/"1"',
        '*',
        '"1", "2"',
        '1,2',
        '"1',
        '1"',
        '""',
        '',
        '-1',
        '1.0',
        '"x"',
        'x',
      ),
      fc.nat().map(number => String(number + 1)),
      fc.string({ maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(texts, async text => {
        fc.pre(Number(text.replaceAll('"', '')) !== 0 || text.trim() === '');
        const documented = faultsAt(pointer, text.trim()).length === 0;
        const options = { body: importBody, headers: { 'if-match': text } };
        expect(await isRefused('PUT', '/grants/acme:1', options)).toBe(!documented);
      }),
      { numRuns: 150 },
    );
  });
});
