/** Everything a provider remembers, in memory, and the few things it needs from outside. */

import { randomBytes } from 'node:crypto';
import type { AuthorizationCode } from './code.ts';
import {
  type App,
  type AppConfig,
  completeApp,
  completeRules,
  type Rules,
  type UserConfig,
} from './config.ts';
import type { SimulatorEvent } from './events.ts';
import { createLedger, type Ledger } from './ledger.ts';
import type { Bucket } from './rate-limit.ts';
import { createSessionStore, type SessionStore } from './session-store.ts';

export type ProviderOptions = Partial<Rules> & {
  readonly apps: readonly AppConfig[];
  readonly users: readonly UserConfig[];
  /** JWT credential (the assertion, an opaque string here) → `ownerId`. */
  readonly jwtCredentials?: Readonly<Record<string, string>>;
  /** Epoch milliseconds. Default `Date.now`. */
  readonly clock?: () => number;
  /** So many random bytes. Default: `node:crypto`. */
  readonly random?: (bytes: number) => Uint8Array;
  /** Put before every token and code, so that a leak test can look for it: `[A-Za-z0-9_-]`, up to 32. Default none. */
  readonly tokenPrefix?: string;
  /** Called as things happen; must not throw. */
  readonly onEvent?: (event: SimulatorEvent) => void;
};

export type State = {
  readonly rules: Rules;
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly tokenPrefix: string;
  readonly emit: (event: SimulatorEvent) => void;
  readonly apps: Map<string, App>;
  readonly users: ReadonlyMap<string, UserConfig>;
  readonly jwtCredentials: ReadonlyMap<string, string>;
  readonly disabledUsers: Set<string>;
  readonly sessions: SessionStore;
  readonly codes: Map<string, AuthorizationCode>;
  readonly buckets: Map<string, Bucket>;
  /** Refreshes in flight, by session id. */
  readonly inFlight: Map<string, number>;
  readonly ledger: Ledger;
  /** Rises with every change worth a new snapshot. */
  revision: number;
};

export const createState = (options: ProviderOptions): State => {
  const rules = completeRules(options);
  const tokenPrefix = options.tokenPrefix ?? '';
  if (!/^[A-Za-z0-9_-]{0,32}$/.test(tokenPrefix))
    throw new RangeError('tokenPrefix: up to 32 of A-Z a-z 0-9 _ -');
  return {
    rules,
    clock: options.clock ?? Date.now,
    random: options.random ?? randomBytes,
    tokenPrefix,
    emit: options.onEvent ?? (() => {}),
    apps: new Map(options.apps.map(app => [app.clientId, completeApp(app)])),
    users: new Map(options.users.map(user => [user.ownerId, user])),
    jwtCredentials: new Map(Object.entries(options.jwtCredentials ?? {})),
    disabledUsers: new Set(),
    sessions: createSessionStore(rules.maxSessions),
    codes: new Map(),
    buckets: new Map(),
    inFlight: new Map(),
    ledger: createLedger(rules.maxLogEntries),
    revision: 0,
  };
};

/** Opaque and random: 256 bits. */
export const randomToken = (state: State): string =>
  `${state.tokenPrefix}${Buffer.from(state.random(32)).toString('base64url')}`;

/** Of tokens and of nothing else: what {@link randomToken} makes, and what RingCentral's look like. */
export const looksLikeToken = (text: string): boolean => /^[A-Za-z0-9_-]{20,2048}$/.test(text);

/** Not a credential: session and endpoint ids. */
export const randomId = (state: State): string => Buffer.from(state.random(16)).toString('hex');
