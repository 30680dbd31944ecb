/** The way from a link to an account, with links in memory, a keeper that is told what to answer, and a clock of its own. */
import { formatHandle, hashOf, newSecret } from '../../functions/connect/secrets.ts';
import {
  beginSignIn,
  type Connector,
  type ConnectResult,
  finishSignIn,
  type Reply,
  type SignInPorts,
  showLink,
} from '../../functions/connect/sign-in.ts';
import { type Link, type LinkTerms, newLink } from '../../functions/domain/link.ts';
import type { Records } from '../../functions/keeper/ports.ts';
import { createItems } from '../../simulation/world/table.ts';
import { start } from '../domain/grants.ts';
import { terms } from '../domain/links.ts';

export type Handed = { readonly grantId: string; readonly body: Readonly<Record<string, unknown>> };

export type ConnectWorld = {
  readonly ports: SignInPorts;
  /** What the keeper was asked, in order. */
  readonly handed: Handed[];
  readonly facts: { readonly type: string; readonly code?: string }[];
  now: number;
  returnTo: readonly string[];
  /** What the keeper answers; by default it connects. */
  onConnect: () => ConnectResult | Promise<ConnectResult>;
  /** Called before each write of a link lands; throws where the table is down. */
  onWrite: () => Promise<void> | void;
  stored(linkId?: string): Link;
  /** The `link` parameter of a new link. */
  link(change?: Partial<LinkTerms>, linkId?: string): string;
  show(link: string, browser?: string): Promise<Reply>;
  press(link: string, browser?: string): Promise<Reply>;
  comeBack(visit: Partial<Parameters<typeof finishSignIn>[1]>): Promise<Reply>;
};

export const url = 'https://connect.example';

export const createConnectWorld = (): ConnectWorld => {
  let nonces = 0;
  const items = createItems<Link>(() => {});
  const links: Records<Link> = {
    get: async id => items.get(id),
    write: async (id, previous, next) => {
      await world.onWrite();
      const stored = { value: next, nonce: `nonce-${++nonces}` };
      const landed = items.compareAndSet(id, previous?.nonce, stored);
      return landed.ok ? { ok: true, stored } : landed;
    },
  };
  const connect: Connector = async (grantId, body) => {
    world.handed.push({ grantId, body });
    return world.onConnect();
  };
  const world: ConnectWorld = {
    ports: {
      links,
      connect,
      url,
      now: () => world.now,
      observe: fact => world.facts.push(fact),
      get returnTo() {
        return world.returnTo;
      },
    },
    handed: [],
    facts: [],
    now: start,
    returnTo: [],
    onConnect: () => ({ ok: true }),
    onWrite: () => {},
    stored: (linkId = 'link-1') => {
      const stored = items.get(linkId);
      if (stored === undefined) throw new Error(`no link ${linkId}`);
      return stored.value;
    },
    link: (change = {}, linkId = 'link-1') => {
      const secret = newSecret();
      const value = newLink(linkId, hashOf(secret), { ...terms, ...change }, world.now);
      items.compareAndSet(linkId, undefined, { value, nonce: 'nonce-0' });
      return formatHandle({ linkId, secret });
    },
    show: (link, browser) => showLink(world.ports, { grantId: terms.grantId, link, browser }),
    press: (link, browser) => beginSignIn(world.ports, { grantId: terms.grantId, link, browser }),
    comeBack: visit =>
      finishSignIn(world.ports, {
        state: undefined,
        code: undefined,
        error: undefined,
        browser: undefined,
        ...visit,
      }),
  };
  return world;
};

/** The status of a page, or where a redirect leads. */
export const gist = (reply: Reply): number | string =>
  reply.kind === 'page' ? reply.page.status : reply.location;

/** Where RingCentral is asked, and the cookie of the browser that asks. */
export const askedOf = (reply: Reply): { state: string; browser: string; parameters: URLSearchParams } => {
  if (reply.kind !== 'redirect') throw new Error(`no redirect: ${reply.page.title}`);
  const parameters = new URL(reply.location).searchParams;
  return { state: parameters.get('state') ?? '', browser: reply.browser ?? '', parameters };
};
