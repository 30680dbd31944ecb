/** Making a connect link: what it allows is stored, its secret is in the URL and nowhere else. */
import { randomUUID } from 'node:crypto';
import { formatHandle, hashOf, newSecret } from '../connect/secrets.ts';
import { type LinkTerms, newLink } from '../domain/link.ts';
import { allowedReturn } from '../domain/return-to.ts';
import { KeeperError } from '../keeper/errors.ts';
import type { Runtime } from '../runtime.ts';
import { invalid } from './problems.ts';

type Preparation = 'grantId' | 'app' | 'server' | 'clientId' | 'pkce' | 'endpointId' | 'expiresAt';

export type LinkRequest = Omit<LinkTerms, Preparation> & {
  readonly app?: string;
  readonly lifetimeMs: number;
};

export type CreatedLink = {
  readonly grantId: string;
  /** To be opened by the owner of the account, in a browser. */
  readonly url: string;
  /** ISO 8601. */
  readonly expiresAt: string;
};

const checkReturnTo = (
  returnTo: string | undefined,
  allowed: readonly string[],
): Pick<LinkTerms, 'returnTo'> => {
  if (returnTo === undefined) return {};
  const url = allowedReturn(returnTo, allowed);
  if (url !== undefined) return { returnTo: url };
  throw invalid(
    allowed.length === 0
      ? '"returnTo" is not allowed: no URL is. Allow it in the prop connect.returnTo of TokenKeeper.'
      : `"returnTo" must begin with one of ${allowed.join(', ')}. Others are allowed in the prop connect.returnTo of TokenKeeper.`,
  );
};

export const createLink = async (
  { keeper, connect, now }: Runtime,
  grantId: string,
  { app, lifetimeMs, returnTo, ...request }: LinkRequest,
): Promise<CreatedLink> => {
  if (connect === undefined) {
    throw new KeeperError('misconfigured', 'There is no connect function in this deployment.');
  }
  const whereTo = checkReturnTo(returnTo, connect.returnTo);
  const preparation = await keeper.prepareConnection(grantId, app);
  const expiresAt = now() + lifetimeMs;
  const linkId = randomUUID();
  const secret = newSecret();
  const link = newLink(
    linkId,
    hashOf(secret),
    { ...request, ...whereTo, ...preparation, grantId, expiresAt },
    now(),
  );
  const written = await connect.links.write(linkId, undefined, link);
  if (!written.ok) throw new Error('a new link has an id that nobody has');
  const path = `/connect/${encodeURIComponent(grantId)}`;
  return {
    grantId,
    url: `${connect.url}${path}?link=${formatHandle({ linkId, secret })}`,
    expiresAt: new Date(expiresAt).toISOString(),
  };
};
