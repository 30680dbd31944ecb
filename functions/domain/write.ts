/** What all writes have in common. */
import { withDueTime } from './due.ts';
import type { Grant } from './grant.ts';
import type { Settings } from './settings.ts';

/** When it is, and under which settings. */
export type Moment = { readonly now: number; readonly settings: Settings };

/** What a refresh consumed: the fence of everything that follows from it. `mint`: it consumed nothing, and starts a session of its own. */
export type Consumed = {
  readonly connectionId: string;
  readonly generation: number;
  readonly attemptId: string;
  readonly mint?: true;
};

export const isStillStored = (grant: Grant, consumed: Consumed): boolean =>
  grant.connectionId === consumed.connectionId && grant.generation === consumed.generation;

/** Attempt ids are unique: whoever holds one may give it back, even after a revocation has raised the generation. */
export const isMine = (grant: Grant, consumed: Consumed): boolean =>
  grant.connectionId === consumed.connectionId && grant.attempt?.id === consumed.attemptId;

export const without = <K extends keyof Grant>(grant: Grant, ...keys: K[]): Omit<Grant, K> => {
  const rest: Partial<Grant> = { ...grant };
  for (const key of keys) delete rest[key];
  return rest as Omit<Grant, K>;
};

export const written = (grant: Grant, { now, settings }: Moment): Grant =>
  withDueTime({ ...grant, updatedAt: now }, now, settings);

export const isHeld = (grant: Grant, now: number): boolean => now < (grant.holdUntil ?? 0);

/** When a record that has ended may go. DynamoDB's TTL knows whole seconds only. */
export const deleteAt = ({ now, settings }: Moment): number =>
  Math.ceil((now + settings.revokedRetentionMs) / 1000) * 1000;
