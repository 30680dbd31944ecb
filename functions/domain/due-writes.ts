/** Writes that change nothing but when, or whether, the sweep must look at a grant. */
import { withDueTime } from './due.ts';
import type { Announcement, Grant } from './grant.ts';
import { type Moment, without, written } from './write.ts';

/** Subscribers were told. */
export const announced = (grant: Grant, announcement: Announcement, moment: Moment): Grant | undefined =>
  grant.announcement === announcement ? written(without(grant, 'announcement'), moment) : undefined;

/** Nothing to do now: due again when the record says so. */
export const settle = (grant: Grant, moment: Moment): Grant | undefined => {
  const settled = withDueTime(grant, moment.now, moment.settings);
  return settled.dueAt === grant.dueAt ? undefined : settled;
};

/** Leaves a grant alone until its app's hold is over. */
export const postpone = (grant: Grant, until: number, { now }: Moment): Grant | undefined =>
  grant.dueAt !== undefined && grant.dueAt < until ? { ...grant, dueAt: until, updatedAt: now } : undefined;
