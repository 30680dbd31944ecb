/** Listing cursors: where the next page begins, with a checksum that tells a damaged cursor from a good one. */
import { createHash } from 'node:crypto';
import { type GrantState, grantStates } from '../domain/grant.ts';
import type { Position } from '../keeper/list-grants.ts';
import { invalid } from './problems.ts';

/** A cursor reveals and permits nothing, so it needs no secret: the checksum guards against mistakes. */
const checksum = (payload: string): string =>
  createHash('sha256').update(`ringbearer-cursor:${payload}`).digest('base64url').slice(0, 16);

/** `only`: the state that the listing is restricted to. */
export const encodeCursor = (position: Position, only: GrantState | undefined): string => {
  const payload = JSON.stringify([only ?? null, position.state, position.after ?? null]);
  return Buffer.from(checksum(payload) + payload).toString('base64url');
};

const parse = (payload: string): unknown[] => {
  try {
    const parsed: unknown = JSON.parse(payload);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
};

/** Throws `invalid-request` for anything but a cursor that this listing returned. */
export const decodeCursor = (cursor: string, only: GrantState | undefined): Position => {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const payload = text.slice(16);
  const canonical = Buffer.from(text).toString('base64url') === cursor;
  if (!canonical || checksum(payload) !== text.slice(0, 16)) {
    throw invalid('"cursor" is not one that this listing returned. Start again without it.');
  }
  const [filter, state, after] = parse(payload);
  const known = grantStates.find(candidate => candidate === state);
  // Any text: the index may name records that are no grants, and the listing has to get past them.
  if (known === undefined || (after !== null && typeof after !== 'string')) {
    throw invalid('"cursor" is not one that this listing returned. Start again without it.');
  }
  if (filter !== (only ?? null)) throw invalid('"cursor" belongs to a listing with another "state".');
  return after === null ? { state: known } : { state: known, after };
};
