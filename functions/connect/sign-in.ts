/** A person's way from a link to a connected account. Every step that counts is a conditional write of the link. */
import type { Stored } from '../domain/grant.ts';
import { begin, consume, type Link, type LinkProblem, refusalToBegin, settle } from '../domain/link.ts';
import { allowedReturn } from '../domain/return-to.ts';
import type { Records } from '../keeper/ports.ts';
import { update } from '../keeper/update.ts';
import type { Page } from './pages.ts';
import { callbackPath, connectedPath } from './routes.ts';
import { formatHandle, hashOf, newSecret, parseHandle } from './secrets.ts';
import { failurePage, invitation, problemPage, refusedPage, strangeCallback } from './texts.ts';

export type ConnectResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: { readonly code: string; readonly retryAfterSeconds?: number } };

/** Hands a code to the keeper. Throws where it is not known what became of it. */
export type Connector = (grantId: string, body: Readonly<Record<string, unknown>>) => Promise<ConnectResult>;

export type SignInPorts = {
  readonly links: Records<Link>;
  readonly connect: Connector;
  readonly now: () => number;
  /** Base URL, without a slash at the end. */
  readonly url: string;
  readonly returnTo: readonly string[];
  /** What happened, for the log: never what anybody holds. */
  readonly observe: (fact: {
    readonly type: string;
    readonly grantId?: string;
    readonly code?: string;
  }) => void;
};

export type Reply = (
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'redirect'; readonly location: string }
) & {
  /** The secret that this browser is to keep. */
  readonly browser?: string;
};

/** What a request carries: the cookie of its browser, and what its URL or form says. */
export type LinkVisit = {
  readonly grantId: string;
  readonly link: string | undefined;
  readonly browser: string | undefined;
};
export type CallbackVisit = {
  readonly state: string | undefined;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly browser: string | undefined;
};

const pageOf = (page: Page): Reply => ({ kind: 'page', page });

const refuse = ({ observe }: SignInPorts, problem: LinkProblem, grantId?: string): Reply => {
  observe({ type: 'link-refused', code: problem, ...(grantId !== undefined && { grantId }) });
  return pageOf(problemPage(problem));
};

const strange = ({ observe }: SignInPorts): Reply => {
  observe({ type: 'strange-callback' });
  return pageOf(strangeCallback);
};

const visitorOf = ({ grantId, browser }: LinkVisit, secret: string) => ({
  grantId,
  secretHash: hashOf(secret),
  ...(browser !== undefined && { browserHash: hashOf(browser) }),
});

/**
 * Shows the button, and changes nothing: whoever only looks (a scanner, a preview) does not use the link up. The browser gets its
 * secret here already, so that a button that is pressed twice, or whose answer is lost, was pressed by one browser.
 */
export const showLink = async (ports: SignInPorts, visit: LinkVisit): Promise<Reply> => {
  const handle = parseHandle(visit.link);
  const stored = handle && (await ports.links.get(handle.linkId));
  const visitor = visitorOf(visit, handle?.secret ?? '');
  const problem = refusalToBegin(stored?.value, visitor, ports.now());
  if (stored === undefined || visit.link === undefined || problem !== undefined) {
    return refuse(ports, problem ?? 'unknown');
  }
  const page = invitation(stored.value, visit.link);
  return { kind: 'page', page, browser: visit.browser ?? newSecret() };
};

/** The authorisation request (RFC 6749 §4.1.1, RFC 7636 §4.3). */
const authorizeUrl = ({ url }: SignInPorts, link: Link, state: string, codeVerifier: string): string => {
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: link.clientId,
    redirect_uri: url + callbackPath,
    state,
    ...(link.pkce && { code_challenge: hashOf(codeVerifier), code_challenge_method: 'S256' }),
  });
  return `${link.server}/restapi/oauth/authorize?${parameters}`;
};

/** Changes a link by a pure function of it, or says why not. */
const change = async (
  { links }: SignInPorts,
  linkId: string,
  next: (link: Link | undefined) => Link | LinkProblem,
): Promise<Stored<Link> | LinkProblem> => {
  let problem: LinkProblem = 'unknown';
  const { written, stored } = await update(links, linkId, current => {
    const decided = next(current);
    if (typeof decided !== 'string') return decided;
    problem = decided;
    return undefined;
  });
  return written ? stored : problem;
};

/** Binds the link to this browser and sends it to RingCentral. */
export const beginSignIn = async (ports: SignInPorts, visit: LinkVisit): Promise<Reply> => {
  const handle = parseHandle(visit.link);
  if (handle === undefined) return refuse(ports, 'unknown');
  const { linkId, secret } = handle;
  const browser = visit.browser ?? newSecret();
  const state = newSecret();
  const codeVerifier = newSecret();
  const hashes = { browserHash: hashOf(browser), stateHash: hashOf(state) };
  const begun = await change(ports, linkId, link =>
    begin(
      link,
      visitorOf(visit, secret),
      { ...hashes, ...(link?.pkce === true && { codeVerifier }) },
      ports.now(),
    ),
  );
  if (typeof begun === 'string') return refuse(ports, begun);
  ports.observe({ type: 'sign-in-begun', grantId: begun.value.grantId });
  const location = authorizeUrl(ports, begun.value, formatHandle({ linkId, secret: state }), codeVerifier);
  return { kind: 'redirect', location, browser };
};

const bodyOf = ({ url }: SignInPorts, link: Link, code: string, codeVerifier: string | undefined) => {
  const { app, endpointId, strategy, label, allowOwnerChange } = link;
  return {
    app,
    code,
    codeVerifier,
    redirectUri: url + callbackPath,
    endpointId,
    strategy,
    label,
    allowOwnerChange,
    accessTokenTtl: link.accessTokenTtlSeconds,
    refreshTokenTtl: link.refreshTokenTtlSeconds,
  };
};

const askKeeper = async (
  ports: SignInPorts,
  link: Link,
  code: string,
  codeVerifier: string | undefined,
): Promise<ConnectResult> => {
  try {
    return await ports.connect(link.grantId, bodyOf(ports, link, code, codeVerifier));
  } catch (error) {
    ports.observe({ type: 'keeper-not-reached', grantId: link.grantId, code: (error as Error).name });
    return { ok: false, error: { code: 'internal-error' } };
  }
};

/** The account is connected, or not: a link that cannot be written any more changes nothing about that. */
const end = async (
  ports: SignInPorts,
  linkId: string,
  stateHash: string,
  connected: boolean,
): Promise<void> => {
  await update(ports.links, linkId, link => settle(link, stateHash, connected, ports.now())).catch(error =>
    ports.observe({ type: 'link-not-settled', code: (error as Error).name }),
  );
};

const goOn = ({ url, returnTo }: SignInPorts, link: Link): Reply => {
  // Looked at once more, since the list may have become shorter. Either way the code is not left in the address bar.
  return { kind: 'redirect', location: allowedReturn(link.returnTo, returnTo) ?? url + connectedPath };
};

/**
 * RingCentral has sent the browser back. The state is used up before anything else is done with the answer, whatever it is; only the
 * browser that began can use it up.
 */
export const finishSignIn = async (ports: SignInPorts, visit: CallbackVisit): Promise<Reply> => {
  const { code, error, browser } = visit;
  const handle = parseHandle(visit.state);
  if (handle === undefined || (code === undefined) === (error === undefined)) {
    return strange(ports);
  }
  const stateHash = hashOf(handle.secret);
  const callback = { stateHash, browserHash: browser === undefined ? undefined : hashOf(browser) };
  let codeVerifier: string | undefined;
  const consumed = await change(ports, handle.linkId, link => {
    codeVerifier = link?.codeVerifier;
    return consume(link, callback, ports.now());
  });
  if (consumed === 'unknown') return strange(ports);
  if (typeof consumed === 'string') return refuse(ports, consumed);
  const link = consumed.value;
  const result: ConnectResult | undefined =
    code === undefined ? undefined : await askKeeper(ports, link, code, codeVerifier);
  await end(ports, link.linkId, stateHash, result?.ok === true);
  if (result?.ok === true) {
    ports.observe({ type: 'account-connected', grantId: link.grantId });
    return goOn(ports, link);
  }
  const failure = result?.error.code ?? 'refused-by-user-or-provider';
  ports.observe({ type: 'sign-in-failed', grantId: link.grantId, code: failure });
  return pageOf(result === undefined ? refusedPage(error ?? '') : failurePage(result.error));
};
