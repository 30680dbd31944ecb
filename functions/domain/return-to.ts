/** Where a browser may be sent once its account is connected: never to where nobody has allowed it. */

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/**
 * The target as a URL is written, with nothing in it that a header cannot carry or that another parser could read otherwise; undefined
 * where it is not allowed. `allowed`: URL prefixes, each an origin and a path; a prefix ends at a path segment.
 */
export const allowedReturn = (target: string | undefined, allowed: readonly string[]): string | undefined => {
  if (target === undefined || !URL.canParse(target)) return undefined;
  const { origin, pathname, username, password, href } = new URL(target);
  // Of schemes that have no origin it is "null", for each of them.
  if (username !== '' || password !== '' || origin === 'null') return undefined;
  const isAllowed = allowed.some(prefix => {
    const place = new URL(prefix);
    return place.origin === origin && isWithin(pathname, place.pathname);
  });
  return isAllowed ? href : undefined;
};

export const parseReturnTo = (variable: string | undefined): readonly string[] =>
  (variable ?? '').split(',').filter(prefix => prefix !== '' && URL.canParse(prefix));
