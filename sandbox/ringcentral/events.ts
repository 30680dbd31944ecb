/** What the provider tells its `onEvent` listener as it happens. Never a token, secret or code. */

import type { NeedlessReason } from './ledger.ts';
import type { EndReason } from './session.ts';

type Party = {
  readonly at: number;
  readonly clientId?: string;
  readonly ownerId?: string;
  readonly sessionId?: string;
};

export type SimulatorEvent = Party &
  (
    | { readonly type: 'issued' | 'refreshed' | 'replayed' | 'limited'; readonly needless?: NeedlessReason }
    | { readonly type: 'refused'; readonly errorCode: string; readonly needless?: NeedlessReason }
    | { readonly type: 'session-ended'; readonly reason: EndReason }
    | { readonly type: 'access-refused'; readonly errorCode: string }
    | { readonly type: 'consented' | 'denied' | 'login-disabled' | 'login-enabled' | 'secret-rotated' }
    | { readonly type: 'faulted'; readonly endpoint: string; readonly fault: string }
  );
