/** What a write that failed its condition really did. */
import type { Stored } from '../domain/grant.ts';
import type { Written } from '../keeper/ports.ts';

/**
 * A client tries again by itself: the first try may have landed and only its answer been lost, and then the second one fails
 * on its own success. The nonce tells: no other write carries it.
 */
export const writtenAfterConflict = <T>(nonce: string, current: Stored<T> | undefined): Written<T> =>
  current?.nonce === nonce ? { ok: true, stored: current } : { ok: false, current };
