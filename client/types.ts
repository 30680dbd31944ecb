/** What the API answers. Times are ISO 8601 in UTC, such as `2026-01-31T12:00:00.000Z`. */

export type AccessToken = {
  readonly grantId: string;
  /** A secret: for RingCentral's `Authorization: Bearer` header, and nothing else. */
  readonly accessToken: string;
  /** As RingCentral sent it: `bearer`. */
  readonly tokenType: string;
  readonly expiresAt: string;
  /** Until then Ringbearer does not replace this token by itself; after it, ask again. */
  readonly cacheUntil: string;
  /** Rises by one with each token: what a rejection is reported by. */
  readonly generation: number;
  readonly scope?: string | undefined;
  /** Base URL of the RingCentral server that takes this token. */
  readonly server: string;
};

/** Everything that is known of a grant but its tokens. */
export type Grant = {
  readonly grantId: string;
  readonly label?: string | undefined;
  readonly state: 'active' | 'reauthorize' | 'revoking' | 'revoked';
  readonly strategy: 'weekly' | 'hourly';
  readonly generation: number;
  readonly connectionId: string;
  readonly app: string;
  readonly server: string;
  /** The RingCentral user. */
  readonly ownerId: string;
  readonly endpointId?: string | undefined;
  readonly scope?: string | undefined;
  readonly accessExpiresAt?: string | undefined;
  readonly refreshExpiresAt?: string | undefined;
  readonly cacheUntil?: string | undefined;
  /** When it is looked after next. */
  readonly dueAt?: string | undefined;
  /** A refresh was sent, and its outcome is not known yet. */
  readonly refreshing: boolean;
  /** RingCentral is not asked before. */
  readonly holdUntil?: string | undefined;
  readonly failures: number;
  readonly lastError?: { readonly code: string; readonly at: string } | undefined;
  readonly connectedAt: string;
  readonly rotatedAt: string;
  readonly updatedAt: string;
};

export type Clock = {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
};
