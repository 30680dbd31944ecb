import { describe, expect, expectTypeOf, it } from 'vitest';
import { errorOf } from '../../client/errors.ts';
import * as client from '../../client/index.ts';
import openapi from '../../functions/api/openapi.json' with { type: 'json' };
import type { GrantView, TokenView } from '../../functions/api/views.ts';

/** What only `admin` can meet, what the client never sends, and what has no class of its own. */
const withoutClass = [
  'authorization-refused',
  'credential-refused',
  'owner-mismatch',
  'route-not-found',
  'method-not-allowed',
  'body-too-large',
  'internal-error',
  'owner-already-connected',
  'generation-mismatch',
];

const classes = [
  client.InvalidRequest,
  client.Forbidden,
  client.GrantNotFound,
  client.ReauthorizationRequired,
  client.GrantRevoked,
  client.RefreshLimited,
  client.RefreshPending,
  client.ProviderUnavailable,
  client.Misconfigured,
];

const problem = (code: string) => ({ code, status: 418, detail: 'Why.', retryAfterSeconds: 5 });

describe('the errors', () => {
  it.each(classes.map(Class => [Class.code, Class] as const))('%s is a class of its own', (code, Class) => {
    const error = errorOf(problem(code), 'acme:101');
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(client.RingbearerError);
    expect(error).toBeInstanceOf(Error);
    expect(classes.filter(other => error instanceof other)).toEqual([Class]);
    expect(error).toMatchObject({ ...problem(code), name: Class.name, grantId: 'acme:101' });
    expect(error.message).toBe(`acme:101: ${code}: Why.`);
  });

  it('have a class for every code of the API that a consumer can meet', () => {
    const codes: readonly string[] = openapi.components.schemas.Problem.properties.code.enum;
    const known: readonly string[] = classes.map(Class => Class.code);
    expect(codes.filter(code => !known.includes(code)).sort()).toEqual(withoutClass.toSorted());
  });

  it('of unknown codes are of the base class', () => {
    const error = errorOf(problem('brand-new'));
    expect(error).toBeInstanceOf(client.RingbearerError);
    expect(classes.filter(Class => error instanceof Class)).toEqual([]);
    expect(error).toMatchObject({ code: 'brand-new', name: 'RingbearerError' });
  });

  it('of another copy of the package are recognised by their code', async () => {
    const copy = (await import(
      '../../client/errors.ts?copy' as string
    )) as typeof import('../../client/errors.ts');
    expect(copy.GrantRevoked).not.toBe(client.GrantRevoked);
    const foreign = copy.errorOf(problem('grant-revoked'));
    expect(foreign).toBeInstanceOf(client.GrantRevoked);
    expect(foreign).toBeInstanceOf(client.RingbearerError);
    expect(foreign).not.toBeInstanceOf(client.GrantNotFound);
  });

  it.each([
    [undefined],
    [null],
    ['grant-revoked'],
    [{ code: 'grant-revoked' }],
    [new Error('grant-revoked')],
  ])('are nothing that merely looks like them: %s', value => {
    expect((value as unknown) instanceof client.GrantRevoked).toBe(false);
    expect((value as unknown) instanceof client.RingbearerError).toBe(false);
  });

  it('are told apart by their code in types too', () => {
    expectTypeOf<client.GrantRevoked['code']>().toEqualTypeOf<'grant-revoked'>();
    expectTypeOf<client.RingbearerError['code']>().toEqualTypeOf<string>();
  });
});

describe('the types', () => {
  it('are what the API answers', () => {
    expectTypeOf<TokenView>().toExtend<client.AccessToken>();
    expectTypeOf<keyof TokenView>().toEqualTypeOf<keyof client.AccessToken>();
    expectTypeOf<GrantView>().toExtend<client.Grant>();
  });
});
