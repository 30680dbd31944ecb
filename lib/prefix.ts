/** Which HTTP requests a grant by prefix of grant ids allows. Pure. */
import { type DirectAlias, routes } from '../functions/api/routes.ts';

/**
 * The characters a prefix may end in. Of the id alphabet these two do not occur in names, host names or e-mail
 * addresses. `-`, `.`, `_` and `@` do, and `acme-` would let the tenant `acme` read the grants of the tenant `acme-evil`.
 */
const delimiters = ':~';
const maxPrefixLength = 127;

/** Total: why a prefix is refused and what to write instead; undefined where it is good. */
export const prefixProblem = (prefix: string): string | undefined => {
  const refused = `grantIdPrefix ${JSON.stringify(prefix)}`;
  if (/[*?$]/.test(prefix)) return `${refused} has a wildcard: write the prefix alone, for example "acme:"`;
  if (!/^[A-Za-z0-9_][A-Za-z0-9._~:@-]*$/.test(prefix)) {
    return `${refused} cannot begin a grant id: use A-Z a-z 0-9 . _ ~ : @ - and begin with a letter, digit or _`;
  }
  if (prefix.length > maxPrefixLength) return `${refused} is longer than ${maxPrefixLength} characters`;
  if (!delimiters.includes(prefix.at(-1) ?? '')) {
    return `${refused} does not end in a delimiter (: or ~) and would match the ids of others, as "acme" matches "acme-evil": write for example "acme:"`;
  }
  return undefined;
};

/**
 * `METHOD/path` patterns, for IAM, of the routes that a level opens to grants whose ids have the prefix. A listing
 * cannot be limited to a prefix, so no level includes it.
 *
 * IAM's `*` matches `/` too: `GET/grants/acme:*` alone matches `GET/grants/acme:x/token`. No level gains by it, because the
 * method tells the levels apart: every GET with an id is of `get`, the only DELETE is of `revoke`, every PUT is of `admin`,
 * and the patterns for POST end in the name of their action. No pattern reaches another tenant, because what follows
 * the prefix is one path segment in every route, and grant ids have no `/`. A test tries all of it.
 */
export const requestPatterns = (level: DirectAlias, prefix: string): readonly string[] =>
  routes
    .filter(route => route.path.includes('{grantId}') && (level === 'admin' || route.alias === level))
    .map(route => `${route.method}${route.path.replace('{grantId}', `${prefix}*`)}`);
