/** Links to begin with. */
import { begin, consume, type Link, type LinkTerms, newLink } from '../../functions/domain/link.ts';
import { start } from './grants.ts';

export const minute = 60_000;

export const terms: LinkTerms = {
  grantId: 'acme:101',
  app: 'main',
  server: 'https://platform.ringcentral.com',
  clientId: 'client',
  pkce: true,
  allowOwnerChange: false,
  expiresAt: start + 15 * minute,
};

export const openLink: Link = newLink('link-1', 'secret-1', terms, start);

export const visitor = { grantId: 'acme:101', secretHash: 'secret-1', browserHash: 'browser-1' };
export const beginning = { browserHash: 'browser-1', stateHash: 'state-1', codeVerifier: 'verifier-1' };
export const callback = { browserHash: 'browser-1', stateHash: 'state-1' };

/** For steps that must succeed. */
export const linkOf = (result: Link | string | undefined): Link => {
  if (result === undefined || typeof result === 'string') throw new Error(`no link: ${result}`);
  return result;
};

export const begunLink = linkOf(begin(openLink, visitor, beginning, start));
export const exchangingLink = linkOf(consume(begunLink, callback, start));
