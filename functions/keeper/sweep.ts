/** One round over the due index: every due grant is looked at, earliest first, until the time is up. */
import { nextTask, type Task } from '../domain/attend.ts';
import type { Grant, Stored } from '../domain/grant.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { endRetiredSessions, finishRevocation } from './end-session.ts';
import { type DueHint, UnreadableRecordError } from './ports.ts';
import { type RefreshOutcome, refresh } from './refresh.ts';
import { tend } from './tend.ts';
import { updateExisting } from './update.ts';

export type SweepRequest = {
  readonly lanes: readonly number[];
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  readonly deadlineAt: number;
};

/** What became of each due grant. A grant counts once. */
export type SweepOutcome =
  | 'refreshed'
  /** Held back: by a hold of the grant or its app, or because the provider's answer settled nothing. */
  | 'deferred'
  | 'condemned'
  /** Somebody else's, or the index was behind. */
  | 'skipped'
  /** A claim confirmed, an event sent, a revocation or an old session finished, a refusal noted. */
  | 'tended'
  /** Left to the next round for lack of time. */
  | 'leftOver'
  /** The record cannot be read, or attending to it failed; it is held. */
  | 'failed';

export type SweepReport = { readonly due: number; readonly oldestDueAgeMs: number } & Readonly<
  Record<SweepOutcome, number>
>;

const maxTasksPerGrant = 4;
const maxPagesPerLane = 1000;

export const sweep = async (context: Context, request: SweepRequest): Promise<SweepReport> => {
  const startedAt = context.clock.now();
  const counts: Record<SweepOutcome, number> = {
    refreshed: 0,
    deferred: 0,
    condemned: 0,
    skipped: 0,
    tended: 0,
    leftOver: 0,
    failed: 0,
  };
  let oldestDueAt = startedAt;
  let due = 0;
  const unreadable = (): void => {
    counts.failed += 1;
  };
  for await (const hints of pages(context, request.lanes, startedAt, unreadable)) {
    due += hints.length;
    oldestDueAt = Math.min(oldestDueAt, ...hints.map(({ dueAt }) => dueAt));
    await forEachConcurrently(hints, context.settings.sweepConcurrency, async hint => {
      counts[await attendSafely(context, hint, request)] += 1;
    });
    if (isOver(context, request)) break;
  }
  return { due, oldestDueAgeMs: startedAt - oldestDueAt, ...counts };
};

/** A new grant is taken up only while a refresh of it could still be finished. */
const isOver = ({ clock, settings }: Context, { deadlineAt }: SweepRequest): boolean =>
  clock.now() + settings.providerTimeoutMs + 2 * settings.commitBudgetMs > deadlineAt;

type OpenLane = { readonly lane: number; readonly after: DueHint | undefined };

/**
 * The next page of every lane at once, merged so that the earliest death comes first. A lane that cannot be read is left to the
 * next round; if none can be, that is an error.
 */
async function* pages(
  context: Context,
  lanes: readonly number[],
  now: number,
  unreadable: () => void,
): AsyncGenerator<DueHint[]> {
  const { store, observe } = context;
  let open: OpenLane[] = lanes.map(lane => ({ lane, after: undefined }));
  for (let page = 0; page < maxPagesPerLane && open.length > 0; page += 1) {
    const results = await Promise.allSettled(
      open.map(async ({ lane, after }) => ({ lane, ...(await store.due(lane, now, after)) })),
    );
    const read = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      if (read.length === 0 && page === 0) throw result.reason;
      unreadable();
      observe({
        type: 'unreadable-lane',
        lane: open[index]?.lane ?? -1,
        error: (result.reason as Error).name,
      });
    }
    const hints = read.flatMap(result => result.hints).sort((a, b) => a.dueAt - b.dueAt);
    if (hints.length > 0) yield hints;
    open = read.flatMap(({ lane, next }) => (next === undefined ? [] : [{ lane, after: next }]));
  }
}

const forEachConcurrently = async <T>(
  items: readonly T[],
  concurrency: number,
  action: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
};

/** One bad record never stops the others: it is counted, held and reported. */
const attendSafely = async (
  context: Context,
  hint: DueHint,
  request: SweepRequest,
): Promise<SweepOutcome> => {
  if (isOver(context, request)) return 'leftOver';
  try {
    return await attend(context, hint, request);
  } catch (error) {
    const { grantId } = hint;
    if (error instanceof UnreadableRecordError) context.observe({ type: 'unreadable', grantId });
    else context.observe({ type: 'failed', grantId, error: (error as Error).name });
    if (!request.dryRun) await putAside(context, hint, error);
    return 'failed';
  }
};

/** What cannot be read waits long; anything else may be a passing fault and waits for the shortest hold. */
const putAside = async (
  { clock, settings, store }: Context,
  hint: DueHint,
  error: unknown,
): Promise<void> => {
  const holdMs = error instanceof UnreadableRecordError ? settings.maxHoldMs : (settings.holdStepsMs[0] ?? 0);
  // If even this fails the grant stays due, which is safe.
  await store.postpone(hint, clock.now() + holdMs).catch(() => undefined);
};

const attend = async (context: Context, hint: DueHint, request: SweepRequest): Promise<SweepOutcome> => {
  let stored = await context.store.grants.get(hint.grantId);
  if (stored === undefined) return 'skipped';
  if (request.dryRun) return foreseen(nextTask(stored.value, momentOf(context)));
  let outcome: SweepOutcome = 'skipped';
  let announced = false;
  for (let tasks = 0; tasks < maxTasksPerGrant; tasks += 1) {
    const task = nextTask(stored.value, momentOf(context), announced);
    const step = await perform(context, stored, task, request.deadlineAt);
    if (step.outcome !== 'skipped' && (outcome === 'skipped' || outcome === 'tended')) outcome = step.outcome;
    const isAnnouncement = task.kind === 'chore' && task.chore === 'announce';
    if (!isAnnouncement && (step.stored === undefined || step.stored.nonce === stored.nonce)) break;
    announced ||= isAnnouncement;
    stored = step.stored ?? stored;
  }
  return outcome;
};

type Step = { readonly outcome: SweepOutcome; readonly stored?: Stored<Grant> };

const perform = async (
  context: Context,
  stored: Stored<Grant>,
  task: Task,
  deadlineAt: number,
): Promise<Step> => {
  switch (task.kind) {
    case 'chore':
      return tended(stored, await tend(context, stored, task.chore));
    case 'refresh': {
      const outcome = await refresh(context, stored, { kind: 'due' }, deadlineAt);
      return outcome.kind === 'refreshed'
        ? { outcome: 'refreshed', stored: outcome.stored }
        : notDone(context, stored, outcome);
    }
    case 'finish-revocation':
    case 'end-retired-sessions': {
      const end = task.kind === 'finish-revocation' ? finishRevocation : endRetiredSessions;
      const outcome = await end(context, stored, deadlineAt);
      return outcome.kind === 'ended'
        ? { outcome: 'tended', stored: outcome.stored }
        : notDone(context, stored, outcome);
    }
    case 'held':
      return resettle(context, stored, 'deferred');
    case 'taken':
      return { outcome: 'skipped' };
    case 'nothing':
      return resettle(context, stored, 'skipped');
  }
};

const tended = (before: Stored<Grant>, after: Stored<Grant>): Step => {
  const condemned = before.value.state === 'active' && after.value.state === 'reauthorize';
  return { outcome: condemned ? 'condemned' : 'tended', stored: after };
};

const notDone = async (
  context: Context,
  { value: { grantId } }: Stored<Grant>,
  outcome: Exclude<RefreshOutcome, { kind: 'refreshed' }>,
): Promise<Step> => {
  switch (outcome.kind) {
    case 'held':
    case 'misconfigured':
      await updateExisting(context.store.grants, grantId, grant =>
        writes.postpone(grant, outcome.until, momentOf(context)),
      );
      return { outcome: 'deferred' };
    case 'refused':
      return { outcome: 'tended' };
    case 'no-time':
      return { outcome: 'leftOver' };
    case 'superseded':
      return { outcome: 'skipped' };
  }
};

/** Where the due time says more than the record does it is set right, so that the grant is not looked at again for nothing. */
const resettle = async (context: Context, stored: Stored<Grant>, outcome: SweepOutcome): Promise<Step> => {
  const { dueAt, grantId } = stored.value;
  if (dueAt !== undefined && dueAt <= context.clock.now()) {
    await updateExisting(
      context.store.grants,
      grantId,
      grant => writes.settle(grant, momentOf(context)),
      stored,
    );
  }
  return { outcome };
};

const foreseen = (task: Task): SweepOutcome => {
  switch (task.kind) {
    case 'refresh':
      return 'refreshed';
    case 'finish-revocation':
    case 'end-retired-sessions':
      return 'tended';
    case 'chore':
      return task.chore === 'pass-verdict' || task.chore === 'expire' ? 'condemned' : 'tended';
    case 'held':
      return 'deferred';
    case 'taken':
    case 'nothing':
      return 'skipped';
  }
};
