/** One invocation, or one act of a user: what a seed lets happen, and what it has met so far. */
import type { Grant, Stored } from '../../functions/domain/grant.ts';
import type { Random } from '../engine/random.ts';
import type { FaultKind } from './faults.ts';

/** What is known of an attempt that an operation took: when, and how many faults it had met by then. */
export type Begun = { readonly at: number; readonly faultsBefore: number; readonly attemptId: string };

/** The record as an operation last saw it, and when. */
export type Sight = { readonly stored: Stored<Grant> | undefined; readonly at: number };

export type Operation = {
  readonly id: number;
  readonly name: string;
  readonly random: Random;
  readonly startedAt: number;
  /** When the invocation ends. */
  readonly deadlineAt: number;
  /** Awaits so far; with `id` it names one await of a seed. */
  awaits: number;
  readonly faults: FaultKind[];
  readonly seen: Map<string, Sight>;
  readonly begun: Map<string, Begun>;
  /** Silence that an answer demanded of this operation, by grant or app, until it is recorded. */
  readonly penalties: Map<string, number>;
  /** Tokens that it was given for a code, and for which grant that was. */
  readonly exchanged: Map<string, { readonly grantId: string; readonly app: string }>;
  /** When the provider took its code. */
  exchangedAt?: number;
  done: boolean;
};
