/**
 * The record of one grant: what is known of one authorisation of one RingCentral user for one app.
 * All times are epoch milliseconds.
 */

export type GrantState = 'active' | 'reauthorize' | 'revoking' | 'revoked';
export const grantStates: readonly GrantState[] = ['active', 'reauthorize', 'revoking', 'revoked'];

export type Strategy = 'weekly' | 'hourly';
export const strategies: readonly Strategy[] = ['weekly', 'hourly'];

export const grantIdPattern = /^[A-Za-z0-9_][A-Za-z0-9._~:@-]{0,127}$/;

/**
 * Tokens of one rotation. Absent `refreshToken`: served until the access token expires, then `reauthorize`, or minted again where the
 * grant has a credential.
 */
export type Tokens = {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly scope?: string;
  readonly accessExpiresAt: number;
  readonly accessLifetimeMs: number;
  readonly refreshToken?: string;
  readonly refreshExpiresAt?: number;
};

/** What tells one RingCentral session from another, as far as its answers say. */
export type SessionIdentity = {
  readonly app: string;
  readonly ownerId: string;
  readonly endpointId?: string;
  readonly sessionId?: string;
  /** The exchange of a code or the mint that started the session, where the keeper did it: nobody else can have got its tokens. */
  readonly startedBy?: string;
};

/** The right to call the provider for a while. */
export type Attempt = { readonly id: string; readonly endsAt: number };

/** A refresh or mint of this generation was first sent at `at`, and its outcome is not known. `by`: the attempt that set it. */
export type Sent = { readonly at: number; readonly by: string };

/** The provider's definite refusal, waiting for its verdict. */
export type Refusal = { readonly code: string; readonly at: number };

/** Token material that must not be used any more and whose session is still to be ended. */
export type RetiredToken = SessionIdentity & {
  readonly clientId: string;
  readonly server: string;
  readonly token: string;
  /** After this the token has died by itself. */
  readonly expiresAt: number;
  /** A refresh with this token was sent and its outcome never known: what it bought must be asked for, and ended too. */
  readonly maybeSpent?: true;
  readonly failures?: number;
  /** A failed try is not repeated before this. It is kept here and not as a hold, so that the live session does not suffer. */
  readonly retryAt?: number;
};

/** A change of state that subscribers have not been told of yet. */
export type Announcement = 'Grant Needs Reauthorization' | 'Grant Recovered' | 'Grant Revoked';

export type Grant = {
  readonly grantId: string;
  readonly state: GrantState;
  readonly strategy: Strategy;
  /** One authorisation event; authorising again starts a new one. */
  readonly connectionId: string;
  /** +1 whenever the token material is replaced or withdrawn, and only then. */
  readonly generation: number;
  readonly app: string;
  readonly server: string;
  readonly clientId: string;
  readonly ownerId: string;
  readonly endpointId?: string;
  readonly sessionId?: string;
  readonly startedBy?: string;
  /** Name of the JWT credential that the session was minted from. Absent: a person authorised it. */
  readonly credential?: string;
  /** The refresh token is dead, or about to be given up: what is asked for next, or is under way, is a mint. */
  readonly mustMint?: true;
  /** When a mint was last begun, until a refresh of what it brought has succeeded: the next one keeps its distance. */
  readonly mintedAt?: number;
  /** Asked of the provider with each refresh, in seconds; absent: its defaults. */
  readonly accessTokenTtlSeconds?: number;
  readonly refreshTokenTtlSeconds?: number;
  readonly label?: string;
  /** Absent once revoked. */
  readonly tokens?: Tokens;
  /** The keeper does not rotate a served token before this time, and serves none after it. */
  readonly cacheUntil: number;
  /** When these tokens are to be refreshed; `dueAt` may be earlier where other work is waiting. */
  readonly refreshAt?: number;
  /** When the sweep must look at the grant next. */
  readonly dueAt?: number;
  readonly attempt?: Attempt;
  readonly sent?: Sent;
  /** No provider call for this grant before this time. */
  readonly holdUntil?: number;
  readonly failures: number;
  readonly refusal?: Refusal;
  readonly lastError?: { readonly code: string; readonly at: number };
  /** Set by a verdict, kept until tokens are stored again: their arrival is then a recovery. */
  readonly condemnedAt?: number;
  /** A refusal was dropped then, since the app was in doubt. The app's next success makes a new one count. */
  readonly absolvedAt?: number;
  readonly announcement?: Announcement;
  readonly retired: readonly RetiredToken[];
  /** Reported rejections that led to a refresh, within the hour that began at `since`. */
  readonly reports?: { readonly since: number; readonly count: number };
  /** SHA-256 of the token response that was imported: importing it again changes nothing. Absent: it was not an import. */
  readonly importHash?: string;
  /** False until the claim on the owner was confirmed after this record was written: not served, not refreshed. */
  readonly claimed: boolean;
  readonly connectedAt: number;
  readonly rotatedAt: number;
  readonly updatedAt: number;
  /** TTL: DynamoDB deletes the record some time after this. */
  readonly deleteAt?: number;
};

/** A grant without token material. */
export type GrantSummary = Omit<Grant, 'tokens' | 'retired'> & {
  readonly tokens?: Omit<Tokens, 'accessToken' | 'refreshToken'>;
};

/** A grant and the nonce of the write that made it so. A write succeeds only on the very version it was computed from. */
export type Stored<T> = { readonly value: T; readonly nonce: string };

/** At most this many retired tokens are kept; beyond it those that die soonest are left to die by themselves. */
export const maxRetiredTokens = 5;

/** Whether new tokens can be had without a person. */
export const isRenewable = ({ tokens, credential }: Grant): boolean =>
  tokens?.refreshToken !== undefined || credential !== undefined;

/** Whether an unanswered refresh may be asked for again: the token that it spent is kept. What a mint has left behind cannot be. */
export const hasUnansweredRefresh = ({ sent, mustMint }: Grant): boolean =>
  sent !== undefined && mustMint === undefined;

export const retiredIsDue = (retired: RetiredToken, now: number): boolean => now >= (retired.retryAt ?? 0);

export const attemptIsLive = (grant: Grant, now: number): boolean =>
  grant.attempt !== undefined && now < grant.attempt.endsAt;

/**
 * Whether two pieces of token material can belong to one provider session. Revoking any token of a RingCentral session
 * ends all of it, so what *can* be the live session is never revoked: only a difference that proves two sessions counts.
 */
export const canBeSameSession = (a: SessionIdentity, b: SessionIdentity): boolean => {
  if (a.app !== b.app || a.ownerId !== b.ownerId) return false;
  if (a.sessionId !== undefined && b.sessionId !== undefined) return a.sessionId === b.sessionId;
  if (a.startedBy !== b.startedBy) return false;
  if (a.endpointId !== undefined && b.endpointId !== undefined) return a.endpointId === b.endpointId;
  return true;
};
