/** What the keeper did, for logs, metrics and the live output. Facts carry no token material. */
import type { RefreshReason } from '../domain/writes.ts';

type Renewed = {
  readonly grantId: string;
  readonly reason: RefreshReason['kind'];
  readonly strategy: string;
  readonly generation: number;
  /** An earlier request's outcome was unknown and this one asked for it again. */
  readonly replayed: boolean;
  readonly accessExpiresAt: number;
  readonly refreshExpiresAt?: number;
  readonly dueAt?: number;
};

export type Fact =
  | (Renewed & { readonly type: 'refreshed' })
  /** From the grant's JWT credential. */
  | (Renewed & { readonly type: 'minted' })
  | { readonly type: 'deferred'; readonly grantId: string; readonly code: string; readonly holdUntil: number }
  | { readonly type: 'refused'; readonly grantId: string; readonly code: string }
  | { readonly type: 'condemned'; readonly grantId: string; readonly code: string }
  /** The session of a grant with a JWT credential is over: the next one is minted. */
  | { readonly type: 'session-over'; readonly grantId: string; readonly code: string }
  | { readonly type: 'absolved'; readonly grantId: string }
  | { readonly type: 'misconfigured'; readonly app: string; readonly code: string; readonly grantId: string }
  | { readonly type: 'app-held'; readonly app: string; readonly code: string; readonly holdUntil: number }
  | { readonly type: 'connected'; readonly grantId: string; readonly generation: number }
  | { readonly type: 'reinstated'; readonly grantId: string }
  | { readonly type: 'revoking'; readonly grantId: string; readonly generation: number }
  | { readonly type: 'revoked'; readonly grantId: string }
  | { readonly type: 'late-answer-retired'; readonly grantId: string }
  | { readonly type: 'retired-session-ended'; readonly grantId: string }
  | { readonly type: 'commit-failed'; readonly grantId: string; readonly error: string }
  | { readonly type: 'event-not-sent'; readonly grantId: string; readonly event: string }
  | { readonly type: 'unreadable'; readonly grantId: string }
  | { readonly type: 'unreadable-standing'; readonly app: string }
  | { readonly type: 'unreadable-lane'; readonly lane: number; readonly error: string }
  | { readonly type: 'failed'; readonly grantId: string; readonly error: string };

export type Observe = (fact: Fact) => void;
