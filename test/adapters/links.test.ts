import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkCodec } from '../../functions/adapters/links.ts';
import { type Link, linkPhases } from '../../functions/domain/link.ts';
import { UnreadableRecordError } from '../../functions/keeper/ports.ts';
import { begunLink, exchangingLink, openLink } from '../domain/links.ts';
import { startTestDatabase, type TestDatabase, type TestTable } from './database.ts';
import { grantIds } from './grants.ts';

let database: TestDatabase;
let table: TestTable;
beforeAll(async () => {
  database = await startTestDatabase();
  table = await database.table();
});
afterAll(() => database.close());

const fullLink: Required<Link> = {
  ...begunLink,
  linkId: 'full',
  endpointId: 'endpoint-1',
  strategy: 'hourly',
  label: 'Ada’s phone ☎',
  returnTo: 'https://app.example/settings',
  accessTokenTtlSeconds: 600,
  refreshTokenTtlSeconds: 0,
  browserHash: 'browser-1',
  stateHash: 'state-1',
  codeVerifier: 'verifier-1',
};

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const seconds = fc.nat();
const time = fc.nat({ max: 8.64e15 });
const required = Object.keys(openLink) as (keyof Link)[];
const links = fc.record(
  {
    linkId: text,
    secretHash: text,
    grantId: grantIds,
    app: text,
    server: text,
    clientId: text,
    pkce: fc.boolean(),
    endpointId: text,
    strategy: fc.constantFrom('weekly' as const, 'hourly' as const),
    label: fc.string({ unit: 'grapheme' }),
    returnTo: text,
    allowOwnerChange: fc.boolean(),
    accessTokenTtlSeconds: seconds,
    refreshTokenTtlSeconds: seconds,
    expiresAt: time,
    phase: fc.constantFrom(...linkPhases),
    browserHash: text,
    stateHash: text,
    codeVerifier: text,
    since: time,
    deleteAt: fc.nat({ max: 1e12 }).map(s => s * 1000),
  } satisfies { [K in keyof Required<Link>]: fc.Arbitrary<Required<Link>[K]> },
  { noNullPrototype: true, requiredKeys: required },
);

describe('a link', () => {
  it.each([
    ['with nothing but what it must have', openLink],
    ['with everything', fullLink],
  ])('is read as it was written, %s', async (_what, link) => {
    expect(await table.links.write(link.linkId, undefined, link)).toMatchObject({ ok: true });
    expect((await table.links.get(link.linkId))?.value).toEqual(link);
  });

  it('is what it was after it was encoded and decoded, whatever is in it', () => {
    fc.assert(
      fc.property(links, link => {
        const stored = JSON.parse(JSON.stringify({ pk: `link#${link.linkId}`, ...linkCodec.encode(link) }));
        expect(linkCodec.decode(stored)).toEqual(link);
      }),
    );
  });

  it('is stored under a key of its own, in none of the indexes of grants, and to be deleted by DynamoDB', async () => {
    await table.links.write('keyed', undefined, { ...openLink, linkId: 'keyed' });
    const record = await table.read('link#keyed');
    expect(record).toMatchObject({ phase: 'open', deleteAtSeconds: openLink.deleteAt / 1000 });
    for (const key of ['lane', 'dueAt', 'state']) expect(record).not.toHaveProperty(key);
  });

  it('has no verifier any more once its state is consumed', async () => {
    const first = await table.links.write('spent', undefined, { ...begunLink, linkId: 'spent' });
    if (!first.ok) throw new Error('not written');
    expect(await table.read('link#spent')).toMatchObject({ codeVerifier: 'verifier-1' });
    await table.links.write('spent', first.stored, { ...exchangingLink, linkId: 'spent' });
    const record = await table.read('link#spent');
    expect(record).toMatchObject({ phase: 'exchanging', stateHash: 'state-1' });
    expect(JSON.stringify(record)).not.toContain('verifier-1');
  });

  it('is written by one of two who both have read it', async () => {
    const link = { ...begunLink, linkId: 'contended' };
    const first = await table.links.write(link.linkId, undefined, link);
    if (!first.ok) throw new Error('not written');
    const answers = await Promise.all(
      [1, 2].map(n => table.links.write(link.linkId, first.stored, { ...link, stateHash: `state-${n}0` })),
    );
    expect(answers.map(({ ok }) => ok).sort()).toEqual([false, true]);
    const loser = answers.find(({ ok }) => !ok);
    expect(loser).toMatchObject({ current: { value: { phase: 'begun' } } });
  });

  it('needs nothing of DynamoDB but GetItem and UpdateItem of its own key, with a condition', async () => {
    table.requests.length = 0;
    const written = await table.links.write('own', undefined, { ...openLink, linkId: 'own' });
    if (!written.ok) throw new Error('not written');
    await table.links.write('own', written.stored, { ...begunLink, linkId: 'own' });
    await table.links.get('own');
    expect(table.requests.map(({ command }) => command)).toEqual([
      'UpdateItemCommand',
      'UpdateItemCommand',
      'GetItemCommand',
    ]);
    for (const { command, input } of table.requests) {
      expect(input.Key).toEqual({ pk: { S: 'link#own' } });
      if (command === 'GetItemCommand') expect(input.ConsistentRead).toBe(true);
      else expect(input.ConditionExpression).toMatch(/attribute_not_exists|= :previous/);
    }
  });

  const planted = { pk: 'link#planted', nonce: 'n', ...linkCodec.encode({ ...openLink, linkId: 'planted' }) };
  it.each<[string, object]>([
    ['of a phase that is not known', { phase: 'SECRET' }],
    ['without a secret', { secretHash: undefined }],
    ['of a grant with no id', { grantId: '../SECRET' }],
    ['copied from another link', { linkId: 'SECRET' }],
    ['without a nonce', { nonce: undefined }],
    ['with a verifier of another type', { codeVerifier: 7 }],
  ])('that is a record %s is not read, and not quoted', async (_what, change) => {
    await table.plant({ ...planted, ...change });
    const error = await table.links.get('planted').catch((failure: Error) => failure);
    expect(error).toBeInstanceOf(UnreadableRecordError);
    expect((error as Error).message).not.toContain('SECRET');
  });
});
