import { describe, expect, it } from 'vitest';
import { type DirectAlias, directAliases, routes } from '../../functions/api/routes.ts';
import { prefixProblem, requestPatterns } from '../../lib/prefix.ts';

/** As IAM matches: `*` stands for anything, slashes included. The patterns have nothing else that a RegExp reads. */
const matches = (pattern: string, request: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(request);

const requestsFor = (grantId: string) =>
  routes.map(route => ({ route, request: `${route.method}${route.path.replace('{grantId}', grantId)}` }));

const allowed = (level: DirectAlias, request: string): boolean =>
  requestPatterns(level, 'acme:').some(pattern => matches(pattern, request));

describe('a grant for the prefix acme:', () => {
  it.each([
    ['get', ['getToken', 'refreshToken', 'getGrant']],
    ['revoke', ['revokeGrant']],
    [
      'admin',
      [
        'getToken',
        'refreshToken',
        'getGrant',
        'putGrant',
        'createConnectLink',
        'reinstateGrant',
        'revokeGrant',
      ],
    ],
  ] as const)('of level %s reaches exactly %s', (level, actions) => {
    const reached = requestsFor('acme:one').filter(({ request }) => allowed(level, request));
    expect(reached.map(({ route }) => route.action)).toEqual(actions);
  });

  it.each(['acme-evil', 'acme', 'acme-evil:one', 'acmeX:one', 'evil:acme:one', 'ACME:one'])(
    'reaches nothing of the grant %s, on no level',
    grantId => {
      for (const level of directAliases) {
        expect(
          requestsFor(grantId).filter(
            ({ route, request }) => route.action !== 'listGrants' && allowed(level, request),
          ),
        ).toEqual([]);
      }
    },
  );

  it('never lists, not even as admin', () => {
    for (const level of directAliases) expect(allowed(level, 'GET/grants')).toBe(false);
  });

  it('lets the * of one route reach another route of its own level only', () => {
    for (const level of directAliases.filter(name => name !== 'admin')) {
      for (const { route, request } of requestsFor('acme:a')) {
        if (allowed(level, request)) expect(route.alias).toBe(level);
      }
    }
  });
});

describe('a prefix', () => {
  it.each(['acme:', 'acme~', 'a:', '_x:', 'acme.eu:', 'me@acme.com:', 'acme:eu:'])('may be %s', prefix => {
    expect(prefixProblem(prefix)).toBeUndefined();
  });

  it.each([
    ['acme', 'does not end in a delimiter'],
    ['acme-', 'does not end in a delimiter'],
    ['acme.', 'does not end in a delimiter'],
    ['acme_', 'does not end in a delimiter'],
    ['acme@', 'does not end in a delimiter'],
    ['acme:*', 'has a wildcard'],
    ['acm?:', 'has a wildcard'],
    ['*', 'has a wildcard'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an IAM policy variable
    ['${aws:username}:', 'has a wildcard'],
    ['', 'cannot begin a grant id'],
    [':', 'cannot begin a grant id'],
    ['-acme:', 'cannot begin a grant id'],
    ['acme/x:', 'cannot begin a grant id'],
    ['../acme:', 'cannot begin a grant id'],
    ['acme%3A:', 'cannot begin a grant id'],
    ['acme :', 'cannot begin a grant id'],
    ['acmé:', 'cannot begin a grant id'],
    ['acme:\n', 'cannot begin a grant id'],
    [`${'a'.repeat(127)}:`, 'is longer than 127 characters'],
  ])('may not be %j: it %s', (prefix, reason) => {
    expect(prefixProblem(prefix)).toContain(reason);
  });
});
