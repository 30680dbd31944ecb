/** The words of every page: what happened, and what to do. Pure. */
import type { Link, LinkProblem } from '../domain/link.ts';
import type { Page } from './pages.ts';

const askForNew = 'Ask whoever sent it to you for a new one.';

export const invitation = ({ grantId, label, server, returnTo }: Link, link: string): Page => ({
  status: 200,
  title: 'Connect your RingCentral account',
  text: 'You will be asked to log in to RingCentral and to allow access. Nothing happens before you press the button.',
  detail: `For ${label === undefined ? grantId : `${label} (${grantId})`}`,
  button: { text: 'Connect RingCentral', action: `/connect/${encodeURIComponent(grantId)}`, link },
  leadsTo: [server, ...(returnTo === undefined ? [] : [returnTo])],
});

export const connectedPage: Page = {
  status: 200,
  title: 'Your RingCentral account is connected',
  text: 'That is all: you can close this page.',
};

const problems: Readonly<Record<LinkProblem, Page>> = {
  unknown: {
    status: 404,
    title: 'This link is not valid',
    text: `Check that the whole address was copied. ${askForNew}`,
  },
  expired: { status: 410, title: 'This link has expired', text: askForNew },
  used: {
    status: 410,
    title: 'This link has been used',
    text: `An account was connected with it. If that was not you, or to connect again: ${askForNew}`,
  },
  'other-browser': {
    status: 403,
    title: 'This link was opened in another browser',
    text: `Go on in the browser in which you began, with cookies allowed. ${askForNew}`,
  },
  busy: {
    status: 409,
    title: 'Your account is being connected',
    text: 'Wait a minute, then reload this page.',
    retryAfterSeconds: 60,
  },
  'stale-state': {
    status: 409,
    title: 'This sign-in is over',
    text: 'It was finished already, or a newer one was begun. Open the link once more to begin again.',
  },
};

export const problemPage = (problem: LinkProblem): Page => problems[problem];

export const notFromHere: Page = {
  status: 403,
  title: 'This did not come from the link’s own page',
  text: 'Open the link that you were sent, and press the button there.',
};

export const strangeCallback: Page = {
  status: 400,
  title: 'This is not an answer of RingCentral',
  text: 'Open the link that you were sent to begin again.',
};

/** `error`: RingCentral's code for it (RFC 6749 §4.1.2.1), if it looks like one. */
export const refusedPage = (error: string): Page =>
  error === 'access_denied'
    ? {
        status: 403,
        title: 'Access was not allowed',
        text: 'Nothing was connected. If you change your mind, open the link once more.',
      }
    : {
        status: 502,
        title: 'RingCentral could not connect your account',
        text: 'Open the link once more to begin again. If it stays so, tell whoever sent it to you.',
        detail: `RingCentral says: ${/^[A-Za-z0-9_-]{1,64}$/.test(error) ? error : 'an error of no known form'}`,
      };

type Failure = { readonly code: string; readonly retryAfterSeconds?: number };

const beginAgain = 'Open the link once more to begin again.';

const failures: Readonly<Record<string, Omit<Page, 'detail'>>> = {
  'authorization-refused': {
    status: 400,
    title: 'The sign-in took too long, or was used already',
    text: beginAgain,
  },
  'owner-mismatch': {
    status: 409,
    title: 'This is another RingCentral user',
    text: 'Log out of RingCentral, open the link once more, and log in as the user who was connected before.',
  },
  'owner-already-connected': {
    status: 409,
    title: 'This RingCentral user is connected already',
    text: 'Nothing needs to be done, unless you meant another user: then log out of RingCentral and open the link once more.',
  },
  'grant-revoked': {
    status: 410,
    title: 'Access was revoked meanwhile',
    text: `Nothing was connected. If it is wanted all the same: ${beginAgain}`,
  },
  'provider-unavailable': {
    status: 503,
    title: 'RingCentral cannot be asked right now',
    text: 'Open the link once more in a minute.',
  },
  misconfigured: {
    status: 500,
    title: 'This connection is not set up correctly',
    text: 'You can do nothing about it: tell whoever sent you the link.',
  },
};

/** An answer that was lost, too: then nobody knows, and to begin again does no harm. */
const otherwise: Omit<Page, 'detail'> = {
  status: 500,
  title: 'Something went wrong',
  text: `Your account may be connected or not. ${beginAgain} If it stays so, tell whoever sent the link to you.`,
};

const waitText = (seconds: number): string =>
  `Open the link once more in ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`;

export const failurePage = ({ code, retryAfterSeconds }: Failure): Page => {
  const page = { ...(failures[code] ?? otherwise), detail: `Code: ${code}` };
  return code === 'provider-unavailable' && retryAfterSeconds !== undefined
    ? { ...page, text: waitText(retryAfterSeconds), retryAfterSeconds }
    : page;
};
