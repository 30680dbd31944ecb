/** What every operation that calls the provider for a grant has in common: the app, its hold, the time, the attempt. */
import type { NothingHappened, Unknown } from '../domain/answer.ts';
import {
  type App,
  type AppStanding,
  concernsApp,
  doubtsApp,
  heldUntil,
  isCleared,
  isHeld,
} from '../domain/app.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import { holdEnd } from '../domain/hold.ts';
import * as writes from '../domain/writes.ts';
import { findApp } from './apps.ts';
import type { Ports } from './ports.ts';
import type { Standings } from './standings.ts';
import { persist, updateExisting } from './update.ts';

export type Context = Ports & { readonly standings: Standings };

/** Why the provider was not asked, or answered nothing that settles the matter. */
export type NotDone =
  | { readonly kind: 'held'; readonly until: number; readonly code: string }
  | { readonly kind: 'misconfigured'; readonly until: number; readonly code: string }
  /** The invocation ends too soon to ask and to store the answer. */
  | { readonly kind: 'no-time' }
  /** Somebody else is at it, or has done it: what is stored now decides. */
  | { readonly kind: 'superseded' };

export const momentOf = ({ clock, settings }: Context): writes.Moment => ({ now: clock.now(), settings });

/** Whether a request begun now can be answered and its answer stored before `endsAt`. */
export const fitsBefore = ({ clock, settings }: Context, endsAt: number): boolean =>
  clock.now() + settings.providerTimeoutMs + settings.commitBudgetMs <= endsAt;

export type Ready = { readonly kind: 'ready'; readonly app: App };

/** Everything that must be true before an attempt is worth a write. */
export const prepare = async (
  context: Context,
  stored: Stored<Grant>,
  deadlineAt: number,
): Promise<Ready | NotDone> => {
  if (!fitsBefore(context, deadlineAt)) return { kind: 'no-time' };
  const found = await findApp(context.apps, stored.value);
  if (!found.ok) return holdMisconfigured(context, stored, found.code);
  const hold = await appHold(context, stored.value);
  return hold ?? { kind: 'ready', app: found.app };
};

/** Holds a grant that cannot be asked for as things are configured, and says so. */
export const holdMisconfigured = async (
  { store, clock, settings, observe }: Context,
  stored: Stored<Grant>,
  code: string,
): Promise<NotDone> => {
  const grant = stored.value;
  const until = holdEnd({ kind: 'misconfigured', code }, grant.failures, grant, clock.now(), settings);
  await updateExisting(
    store.grants,
    grant.grantId,
    g =>
      g.generation === grant.generation
        ? writes.holdGrant(g, code, until, { now: clock.now(), settings })
        : undefined,
    stored,
  );
  observe({ type: 'misconfigured', app: grant.app, code, grantId: grant.grantId });
  return { kind: 'misconfigured', until, code };
};

/**
 * Whether the app's standing forbids to ask for this grant now. While the app is in doubt, suspects ask one at a time, and a round
 * later than grants that are under no suspicion: one success of those clears the app.
 */
const appHold = async (context: Context, grant: Grant): Promise<NotDone | undefined> => {
  const { standings, settings, clock } = context;
  const standing = await standings.cached(grant.app);
  const isSuspect = grant.absolvedAt !== undefined && !isCleared(standing, grant);
  const held = (current: AppStanding): NotDone => ({
    kind: 'held',
    until: heldUntil(current) + (isSuspect ? settings.sweepIntervalMs : 0),
    code: current.holdReason ?? '',
  });
  if (isHeld(standing, clock.now())) return held(standing);
  if (!isSuspect || !doubtsApp(standing, settings) || (await standings.mayProbe(grant.app))) return undefined;
  return held(await standings.current(grant.app));
};

/** An attempt that was taken, and until when its outcome can be stored. */
export type Attempted = {
  readonly stored: Stored<Grant>;
  readonly consumed: writes.Consumed;
  readonly deadlineAt: number;
};

/**
 * Records an answer that settled nothing: on the app where it concerns the app, and on the grant, whose attempt it ends. Tried like
 * a commit until the time is nearly over: a penalty that is not recorded would be broken.
 */
export const defer = async (
  context: Context,
  { stored: begun, consumed, deadlineAt }: Attempted,
  answer: NothingHappened | Unknown,
): Promise<NotDone> => {
  const { store, standings, settings, observe, clock } = context;
  const { grantId, app } = begun.value;
  if (answer.kind === 'misconfigured') {
    observe({ type: 'misconfigured', app, code: answer.code, grantId });
  }
  const stubbornly = <T>(operation: () => Promise<T>) => persist(operation, deadlineAt, clock);
  const [standing, { written, stored }] = await Promise.all([
    // If it cannot be recorded on the app, the next grant to ask hears it anew; this one's attempt is given back all the same.
    concernsApp(answer, settings)
      ? stubbornly(() => standings.hold(app, answer)).catch(() => undefined)
      : undefined,
    stubbornly(() =>
      updateExisting(
        store.grants,
        grantId,
        grant => writes.defer(grant, consumed, answer, momentOf(context)),
        begun,
      ),
    ),
  ]);
  const until = Math.max(stored?.value.holdUntil ?? 0, standing === undefined ? 0 : heldUntil(standing));
  if (written) observe({ type: 'deferred', grantId, code: answer.code, holdUntil: until });
  return { kind: answer.kind === 'misconfigured' ? 'misconfigured' : 'held', until, code: answer.code };
};

export const release = async (
  context: Context,
  begun: Stored<Grant>,
  consumed: writes.Consumed,
): Promise<NotDone> => {
  await updateExisting(
    context.store.grants,
    begun.value.grantId,
    grant => writes.release(grant, consumed, momentOf(context)),
    begun,
  );
  return { kind: 'no-time' };
};
