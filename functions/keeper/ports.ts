/** What the keeper needs of the outside world. Each port has one real adapter in `../adapters`. */
import type { RevokeAnswer, TokenAnswer } from '../domain/answer.ts';
import type { App, AppStanding } from '../domain/app.ts';
import type { Claim } from '../domain/claim.ts';
import type { Announcement, Grant, GrantState, GrantSummary, Stored } from '../domain/grant.ts';
import type { Credential } from '../domain/mint.ts';
import type { Settings } from '../domain/settings.ts';
import type { RequestedTtls } from '../domain/tokens.ts';
import type { Observe } from './facts.ts';

export type Written<T> =
  | { readonly ok: true; readonly stored: Stored<T> }
  /** Somebody else wrote in between; `current` is what is stored now. */
  | { readonly ok: false; readonly current: Stored<T> | undefined };

/** Records with compare-and-set: a write lands only on the version it was computed from. Reads are strongly consistent. */
export type Records<T> = {
  get(id: string): Promise<Stored<T> | undefined>;
  /** `previous` undefined: the record must not exist. A write that landed is reported as such even if its answer was lost. */
  write(id: string, previous: Stored<T> | undefined, next: T): Promise<Written<T>>;
};

/** An entry of the due index: eventually consistent, so only a hint. */
export type DueHint = { readonly grantId: string; readonly dueAt: number };

export type GrantStore = {
  readonly grants: Records<Grant>;
  readonly claims: Records<Claim>;
  readonly standings: Records<AppStanding>;
  /** The lane's hints with a due time of at most `now`, earliest first, a page at a time. */
  due(lane: number, now: number, after?: DueHint): Promise<{ hints: DueHint[]; next?: DueHint }>;
  /** Grants of a state in order of their id, a page at a time, without token material. */
  list(state: GrantState, limit: number, after?: string): Promise<{ grants: GrantSummary[]; next?: string }>;
  /** Moves the due time of a record that could not be attended to, even one that cannot be read, unless it has changed since. */
  postpone(hint: DueHint, dueAt: number): Promise<void>;
};

/** A record that is stored in a shape that this version cannot read. Its content is not in the message. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
}

/** `endpointId`: tells this installation from others of the same user and app. */
export type NewSession = { readonly endpointId?: string; readonly ttls?: RequestedTtls };

/** An authorization code and what it was asked for with (RFC 6749 §4.1.3, RFC 7636 §4.5). */
export type CodeExchange = NewSession & {
  readonly code: string;
  readonly codeVerifier?: string;
  readonly redirectUri: string;
};

/** A JWT credential as an authorization grant (RFC 7523 §2.1). */
export type Mint = NewSession & { readonly assertion: string };

/** No method throws: whatever goes wrong on the way is an `unknown` answer. */
export type TokenEndpoint = {
  refresh(app: App, refreshToken: string, ttls?: RequestedTtls): Promise<TokenAnswer>;
  exchange(app: App, exchange: CodeExchange): Promise<TokenAnswer>;
  mint(app: App, mint: Mint): Promise<TokenAnswer>;
  revoke(app: App, token: string): Promise<RevokeAnswer>;
};

export type Apps = {
  /** `fresh`: read again, whatever is cached. */
  all(options?: { readonly fresh?: boolean }): Promise<readonly App[]>;
};

export type Credentials = {
  /** `fresh`: read again, whatever is cached. */
  all(options?: { readonly fresh?: boolean }): Promise<readonly Credential[]>;
};

export type GrantEvent = {
  readonly type: Announcement | 'Grant Refreshed';
  readonly detail: Readonly<Record<string, string | number>>;
};

/** Says whether the event was sent; never throws. */
export type EventSink = { publish(event: GrantEvent): Promise<boolean> };

export type Clock = { now(): number; sleep(ms: number): Promise<void> };

export type Randomness = {
  /** A new identifier, unique for ever. */
  id(): string;
  /** In [0, 1). */
  fraction(): number;
};

export type Ports = {
  readonly store: GrantStore;
  readonly tokenEndpoint: TokenEndpoint;
  readonly apps: Apps;
  readonly credentials: Credentials;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly observe: Observe;
  readonly settings: Settings;
};
