/**
 * The table of writes: every change that a grant's record can undergo, as a function from the record as read to the record as it
 * is to be. The store writes the result only onto the very version that was read, so what a function checked still holds when its
 * result lands; on a conflict the caller reads again and decides again. Undefined: the write does not apply.
 */
export * from './connection-writes.ts';
export * from './due-writes.ts';
export * from './ending-writes.ts';
export * from './refresh-writes.ts';
export * from './verdict-writes.ts';
export type { Consumed, Moment } from './write.ts';
