/** Chores: what a grant needs that no provider call is needed for. */
import { doubtsApp, heldUntil, isCleared } from '../domain/app.ts';
import type { Chore } from '../domain/attend.ts';
import type { Announcement, Grant, Stored } from '../domain/grant.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { confirmClaim } from './claims.ts';
import { type Updated, updateExisting } from './update.ts';

type Change = (grant: Grant, moment: writes.Moment) => Grant | undefined;

const change = (context: Context, stored: Stored<Grant>, next: Change): Promise<Updated<Grant>> =>
  updateExisting(context.store.grants, stored.value.grantId, grant => next(grant, momentOf(context)), stored);

/** At-least-once: the grant stays due until the event was sent, and a crash in between sends it again. */
export const announce = async (context: Context, stored: Stored<Grant>): Promise<Stored<Grant>> => {
  const { announcement, grantId } = stored.value;
  if (announcement === undefined) return stored;
  const sent = await context.events.publish({ type: announcement, detail: detailOf(stored.value) });
  if (!sent) {
    context.observe({ type: 'event-not-sent', grantId, event: announcement });
    return stored;
  }
  const told = await change(context, stored, (grant, moment) =>
    writes.announced(grant, announcement, moment),
  );
  return told.stored ?? stored;
};

const reasonOf = (announcement: Announcement | undefined, grant: Grant): { reason?: string } =>
  announcement === 'Grant Needs Reauthorization' && grant.lastError !== undefined
    ? { reason: grant.lastError.code }
    : {};

const detailOf = (grant: Grant): Record<string, string | number> => ({
  grantId: grant.grantId,
  app: grant.app,
  ownerId: grant.ownerId,
  connectionId: grant.connectionId,
  generation: grant.generation,
  state: grant.state,
  ...reasonOf(grant.announcement, grant),
});

const condemn = async (context: Context, stored: Stored<Grant>, next: Change): Promise<Stored<Grant>> => {
  const { written, stored: after = stored } = await change(context, stored, next);
  if (!written) return after;
  const { grantId, lastError, state } = after.value;
  const code = lastError?.code ?? '';
  context.observe({ type: state === 'active' ? 'session-over' : 'condemned', grantId, code });
  return state === 'active' ? after : announce(context, after);
};

/** A grant is condemned on its own refusal; refused among many, it is the app that is in doubt and the grant is tried again. */
const passVerdict = async (context: Context, stored: Stored<Grant>): Promise<Stored<Grant>> => {
  const { clock, settings, standings, observe } = context;
  const standing = await standings.current(stored.value.app);
  if (!doubtsApp(standing, settings) || isCleared(standing, stored.value)) {
    return condemn(context, stored, writes.condemn);
  }
  // Later than the app's hold, by a round: grants that are under no suspicion are tried first.
  const until = Math.max(heldUntil(standing), clock.now()) + settings.sweepIntervalMs;
  const { written, stored: after = stored } = await change(context, stored, (grant, moment) =>
    writes.absolve(grant, until, moment),
  );
  if (written) observe({ type: 'absolved', grantId: after.value.grantId });
  return after;
};

/** Does a chore and returns what is stored then. */
export const tend = (context: Context, stored: Stored<Grant>, chore: Chore): Promise<Stored<Grant>> => {
  switch (chore) {
    case 'announce':
      return announce(context, stored);
    case 'pass-verdict':
      return passVerdict(context, stored);
    case 'expire':
      return condemn(context, stored, writes.expire);
    case 'confirm-claim':
      return confirmClaim(context, stored);
  }
};
