/** What is refused of the connect function's props. Pure. */
import type { Finding } from './checks.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

const isSecure = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && loopback.has(hostname));

/** Its paths and its cookie are at the root of a host. */
const isOrigin = (text: string): boolean =>
  text.startsWith('https://') && URL.canParse(text) && new URL(text).origin === text;

/** Compared with what browsers make of a URL, so it must be what they would make of it. A comma would end it in the function's environment. */
const isPlace = (text: string): boolean => {
  if (/[*?#,]/.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return isSecure(url) && url.username === '' && url.password === '' && url.href === text;
};

/** Total: every way in which these could not work, or would send browsers where nobody meant to. */
export const checkConnect = (url: string | undefined, returnTo: readonly string[]): Finding[] => [
  ...(url === undefined || isOrigin(url)
    ? []
    : [
        {
          severity: 'error' as const,
          setting: 'connect.url',
          message: `connect.url (${url}) must be https:// and a host name in lower case, without a path or a slash at the end: write for example https://connect.example.com`,
        },
      ]),
  ...returnTo
    .filter(place => !isPlace(place))
    .map(place => ({
      severity: 'error' as const,
      setting: 'connect.returnTo',
      message: `connect.returnTo (${place}) must be an https URL (http for localhost only) with a path, as browsers write it, and without *, comma, query or fragment: write for example https://app.example.com/connected`,
    })),
];
