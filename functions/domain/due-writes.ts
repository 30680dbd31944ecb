/** Writes that change nothing but when, or whether, the sweep must look at a grant. */
import { withDueTime } from './due.ts';
import type { Announcement, Grant } from './grant.ts';
import { type Moment, without, written } from './write.ts';

/** Subscribers were told. */
export const announced = (grant: Grant, announcement: Announcement, moment: Moment): Grant | undefined =>
  grant.announcement === announcement ? written(without(grant, 'announcement'), moment) : undefined;

/** Nothing to do now: due again when the record says so. What is due all the same keeps its due time, which tells how long it has waited. */
export const settle = (grant: Grant, moment: Moment): Grant | undefined => {
  const settled = withDueTime(grant, moment.now, moment.settings);
  const isDue = settled.dueAt !== undefined && settled.dueAt <= moment.now;
  return isDue || settled.dueAt === grant.dueAt ? undefined : settled;
};

/** Leaves the provider alone until its app's hold is over. What needs no provider stays due. */
export const postpone = (grant: Grant, until: number, { now, settings }: Moment): Grant | undefined => {
  const postponed = withDueTime(grant, now, settings, until);
  return postponed.dueAt === grant.dueAt ? undefined : { ...postponed, updatedAt: now };
};
