/** Where a browser may be sent once its account is connected: never to where nobody has allowed it. */

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** `allowed`: URL prefixes, each an origin and a path; a prefix ends at a path segment. */
export const mayReturnTo = (target: string, allowed: readonly string[]): boolean => {
  if (!URL.canParse(target)) return false;
  const { origin, pathname, username, password } = new URL(target);
  if (username !== '' || password !== '' || origin === 'null') return false;
  return allowed.some(prefix => {
    const place = new URL(prefix);
    return place.origin === origin && isWithin(pathname, place.pathname);
  });
};

export const parseReturnTo = (variable: string | undefined): readonly string[] =>
  (variable ?? '').split(',').filter(prefix => prefix !== '' && URL.canParse(prefix));
