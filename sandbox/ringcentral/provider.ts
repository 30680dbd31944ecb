/** The simulated RingCentral without its HTTP server: state in memory, time and randomness passed in, no timers. */

import type { Answer } from './answers.ts';
import type { AuthRequest } from './arrival.ts';
import { decide, showConsent } from './authorize.ts';
import {
  type AuthorizeOptions,
  authorize,
  disableUser,
  enableUser,
  endUserSessions,
  forgiveNext,
  listSessions,
  readLog,
  resetCounts,
  rotateSecret,
  type SessionView,
  type Stats,
  stats,
} from './controls.ts';
import { arrive, type Exchange } from './exchange.ts';
import type { LogEntry } from './ledger.ts';
import { readExtension } from './resource.ts';
import type { TokenResponse } from './session.ts';
import { findToken } from './session-store.ts';
import { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts';
import { createState, type ProviderOptions } from './state.ts';

export type Provider = {
  /** A request to the token or revoke endpoint has arrived; process and settle it. */
  readonly arrive: (request: AuthRequest) => Exchange;
  /** {@link arrive}, processed and delivered at once. */
  readonly answer: (request: AuthRequest) => Answer;
  /** `GET /restapi/v1.0/account/~/extension/~`. */
  readonly readExtension: (accessToken: string | undefined) => Answer;
  /** `GET /restapi/oauth/authorize`. */
  readonly showConsent: (query: URLSearchParams) => Answer;
  /** `POST /restapi/oauth/authorize`: the consent page's form. */
  readonly decide: (form: URLSearchParams) => Answer;

  /** A user's authorisation without HTTP: starts a session and returns its first token response. */
  readonly authorize: (ownerId: string, clientId: string, options?: AuthorizeOptions) => TokenResponse;
  /** The user or an administrator ends the user's sessions: refreshes are refused with OAU-211. Returns how many ended. */
  readonly endSessions: (ownerId: string) => number;
  /** The user's password changed: all sessions end, refreshes are refused with OAU-213. Returns how many ended. */
  readonly changePassword: (ownerId: string) => number;
  /** The user may not log in: OAU-140 until enabled again. Sessions do not end. */
  readonly disableUser: (ownerId: string) => void;
  readonly enableUser: (ownerId: string) => void;
  /** Replaces an app's secret (by a random one if none is given) and returns it; the old one is refused: OAU-153. */
  readonly rotateSecret: (clientId: string, clientSecret?: string) => string;
  /**
   * Declares that the client of this session, or of the live sessions of this user, died after it had received an answer. The
   * session's next refresh is not counted as needless. Lapses when the session is refreshed normally. Returns how many sessions.
   */
  readonly forgiveNext: (ownerIdOrSessionId: string) => number;
  readonly sessions: () => SessionView[];
  /** Requests to the token and revoke endpoints, oldest first, bounded by `maxLogEntries`. */
  readonly log: () => LogEntry[];
  readonly stats: () => Stats;
  /** Counts from zero and empties the log. */
  readonly resetCounts: () => void;
  /** The user whom any token of a remembered session belongs to. */
  readonly ownerOfToken: (token: string) => string | undefined;
  /** Rises with every change worth a new {@link snapshot}; API calls that are merely counted are not. */
  readonly revision: () => number;
  readonly snapshot: () => Snapshot;
};

/** Throws on options or a snapshot that make no sense. */
export const createProvider = (options: ProviderOptions, snapshot?: Snapshot): Provider => {
  const state = createState(options);
  if (snapshot !== undefined) restoreSnapshot(state, snapshot);
  return {
    arrive: request => arrive(state, request),
    answer: request => {
      const exchange = arrive(state, request);
      const answer = exchange.process();
      exchange.settle('delivered');
      return answer;
    },
    readExtension: accessToken => readExtension(state, accessToken),
    showConsent: query => showConsent(state, query),
    decide: form => decide(state, form),
    authorize: (ownerId, clientId, extra = {}) => authorize(state, ownerId, clientId, extra),
    endSessions: ownerId => endUserSessions(state, ownerId, 'user-ended'),
    changePassword: ownerId => endUserSessions(state, ownerId, 'password-changed'),
    disableUser: ownerId => disableUser(state, ownerId),
    enableUser: ownerId => enableUser(state, ownerId),
    rotateSecret: (clientId, clientSecret) => rotateSecret(state, clientId, clientSecret),
    forgiveNext: id => forgiveNext(state, id),
    sessions: () => listSessions(state),
    log: () => readLog(state),
    stats: () => stats(state),
    resetCounts: () => resetCounts(state),
    ownerOfToken: token => findToken(state.sessions, token)?.session.ownerId,
    revision: () => state.revision,
    snapshot: () => takeSnapshot(state),
  };
};
