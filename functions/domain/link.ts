/**
 * A connect link: the permission to connect one account to one grant, once. It belongs to the first browser that begins with it, and
 * only hashes of what that browser and RingCentral hold are stored. All times are epoch milliseconds.
 *
 *     open ──begin──► begun ──consume──► exchanging ──► connected
 *                      ▲ ▲ begin again       │ failed
 *                      └─┴───────────────────┘
 */
import type { Strategy } from './grant.ts';
import type { RequestedTtls } from './tokens.ts';

export type LinkPhase = 'open' | 'begun' | 'exchanging' | 'connected';
export const linkPhases: readonly LinkPhase[] = ['open', 'begun', 'exchanging', 'connected'];

/** What the link allows: chosen by whoever made it. */
export type LinkTerms = RequestedTtls & {
  readonly grantId: string;
  readonly app: string;
  readonly server: string;
  readonly clientId: string;
  readonly pkce: boolean;
  /** The grant's own, so that it stays the same. */
  readonly endpointId?: string;
  readonly strategy?: Strategy;
  readonly label?: string;
  readonly returnTo?: string;
  /** Another RingCentral user than the grant's may take it over. */
  readonly allowOwnerChange: boolean;
  /** No sign-in begins after this. */
  readonly expiresAt: number;
};

export type Link = LinkTerms & {
  readonly linkId: string;
  readonly secretHash: string;
  readonly phase: LinkPhase;
  /** Of the cookie of the browser that began. */
  readonly browserHash?: string;
  /** Of the `state` that is out, or that was consumed (RFC 6749 §10.12). */
  readonly stateHash?: string;
  /** Until the state is consumed (RFC 7636 §4.1). */
  readonly codeVerifier?: string;
  /** When it entered its phase. */
  readonly since: number;
  /** TTL: DynamoDB deletes the record some time after this. */
  readonly deleteAt: number;
};

/** How long a person may take to sign in. */
export const signInMs = 15 * 60_000;
/** Longer than a connect function lives: whoever is still exchanging after it has died. */
export const exchangeMs = 60_000;
/** How long an ended link can still be told from one that never was. */
const retentionMs = 24 * 3_600_000;

export const newLink = (linkId: string, secretHash: string, terms: LinkTerms, now: number): Link => ({
  ...terms,
  linkId,
  secretHash,
  phase: 'open',
  since: now,
  // DynamoDB's TTL knows whole seconds only.
  deleteAt: Math.ceil((terms.expiresAt + signInMs + retentionMs) / 1000) * 1000,
});

/** Why a link cannot be begun, or a sign-in not be finished. */
export type LinkProblem = 'unknown' | 'expired' | 'used' | 'other-browser' | 'busy' | 'stale-state';

/** In a time that does not tell where they differ. What is absent is the same as nothing. */
const isSame = (stored: string | undefined, given: string | undefined): boolean => {
  if (stored === undefined || given === undefined || stored.length !== given.length) return false;
  let difference = 0;
  for (let i = 0; i < stored.length; i += 1) difference |= stored.charCodeAt(i) ^ given.charCodeAt(i);
  return difference === 0;
};

/** `secretHash`, `browserHash`: of what the visitor holds. */
export type Visitor = {
  readonly grantId: string;
  readonly secretHash: string;
  readonly browserHash?: string;
};

/** Why this visitor may not begin; undefined: they may. */
export const refusalToBegin = (
  link: Link | undefined,
  visitor: Visitor,
  now: number,
): LinkProblem | undefined => {
  if (link === undefined || !isSame(link.secretHash, visitor.secretHash)) return 'unknown';
  if (link.grantId !== visitor.grantId) return 'unknown';
  if (link.phase === 'connected') return 'used';
  if (now >= link.expiresAt) return 'expired';
  if (link.phase === 'open') return undefined;
  if (!isSame(link.browserHash, visitor.browserHash)) return 'other-browser';
  return link.phase === 'exchanging' && now < link.since + exchangeMs ? 'busy' : undefined;
};

export type Beginning = {
  readonly browserHash: string;
  readonly stateHash: string;
  readonly codeVerifier?: string;
};

/** A sign-in of the visitor's browser. An earlier one's state is dead from here on. */
export const begin = (
  link: Link | undefined,
  visitor: Visitor,
  { browserHash, stateHash, codeVerifier }: Beginning,
  now: number,
): Link | LinkProblem => {
  const refusal = refusalToBegin(link, visitor, now);
  if (refusal !== undefined || link === undefined) return refusal ?? 'unknown';
  const { codeVerifier: _, ...rest } = link;
  return {
    ...rest,
    phase: 'begun',
    browserHash,
    stateHash,
    ...(codeVerifier !== undefined && { codeVerifier }),
    since: now,
  };
};

export type Callback = { readonly stateHash: string; readonly browserHash: string | undefined };

/**
 * Uses up the state, before anything is asked with the code that came with it: of two callbacks with one state, one goes on. The
 * verifier leaves the record with it.
 */
export const consume = (
  link: Link | undefined,
  { stateHash, browserHash }: Callback,
  now: number,
): Link | LinkProblem => {
  if (link === undefined) return 'unknown';
  if (!isSame(link.browserHash, browserHash)) return 'other-browser';
  if (link.phase === 'connected') return 'used';
  if (link.phase !== 'begun' || !isSame(link.stateHash, stateHash)) return 'stale-state';
  if (now >= link.since + signInMs) return 'expired';
  const { codeVerifier: _, ...rest } = link;
  return { ...rest, phase: 'exchanging', since: now };
};

/**
 * Ends the exchange that `stateHash` began: the link is used, or its browser may begin again. Undefined: another sign-in has begun
 * since, and this one's end is nobody's any more.
 */
export const settle = (
  link: Link | undefined,
  stateHash: string,
  connected: boolean,
  now: number,
): Link | undefined => {
  if (link?.phase !== 'exchanging' || link.stateHash !== stateHash) return undefined;
  if (connected) return { ...link, phase: 'connected', since: now };
  const { stateHash: _, ...rest } = link;
  return { ...rest, phase: 'begun', since: now };
};
