/** Which app a grant's tokens may be shown to. */
import type { App } from '../domain/app.ts';
import { isAppOf } from '../domain/app.ts';
import type { Apps } from './ports.ts';

export type FoundApp =
  | { readonly ok: true; readonly app: App }
  | { readonly ok: false; readonly code: 'app-unknown' | 'app-mismatch' | 'apps-unreadable' };

type Issued = { readonly app: string; readonly server: string; readonly clientId: string };

const choose = (configured: readonly App[], issuedTo: Issued): FoundApp => {
  const app = configured.find(({ name }) => name === issuedTo.app);
  if (app === undefined) return { ok: false, code: 'app-unknown' };
  return isAppOf(app, issuedTo) ? { ok: true, app } : { ok: false, code: 'app-mismatch' };
};

/**
 * Never another app than the one the tokens were issued to, and never a server that is not configured. What does not fit is
 * read again first: the secret may have been changed after it was cached.
 */
export const findApp = async (
  apps: Apps,
  issuedTo: Issued,
  options: { readonly fresh: boolean } = { fresh: false },
): Promise<FoundApp> => {
  try {
    const found = choose(await apps.all(options), issuedTo);
    return found.ok || options.fresh ? found : choose(await apps.all({ fresh: true }), issuedTo);
  } catch {
    return { ok: false, code: 'apps-unreadable' };
  }
};

/**
 * Asks, and where the provider says that the credentials are wrong, reads them again and asks once more if they have changed:
 * they may have been rotated a moment ago.
 */
export const askWithCurrentCredentials = async <A extends { readonly kind: string }>(
  apps: Apps,
  app: App,
  issuedTo: Issued,
  ask: (app: App) => Promise<A>,
  mayAskAgain: () => boolean,
): Promise<A> => {
  const answer = await ask(app);
  if (answer.kind !== 'misconfigured') return answer;
  const fresh = await findApp(apps, issuedTo, { fresh: true });
  const changed = fresh.ok && fresh.app.clientSecret !== app.clientSecret;
  return changed && mayAskAgain() ? ask(fresh.app) : answer;
};
