/** A page of grants. */
import { type GrantState, type GrantSummary, grantStates } from '../domain/grant.ts';
import type { GrantStore } from './ports.ts';

/** Where the next page begins: after this grant (undefined: at the first) among those of this state. */
export type Position = { readonly state: GrantState; readonly after?: string };

export type Page = { readonly grants: GrantSummary[]; readonly next?: Position };

/** Pages of the index read for one page of the answer: where it names many grants that have changed since, a page may be short. */
const maxPages = 20;

/**
 * Grants of one state in order of their id, or of every state, one state after the other. A grant that changes its state while one
 * reads on may be seen twice or not at all.
 */
export const listGrants = async (
  store: GrantStore,
  only: GrantState | undefined,
  limit: number,
  position: Position = { state: only ?? 'active' },
): Promise<Page> => {
  const grants: GrantSummary[] = [];
  let { state, after } = position;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page = await store.list(state, limit - grants.length, after);
    grants.push(...page.grants);
    if (page.next !== undefined) {
      if (grants.length >= limit) return { grants, next: { state, after: page.next } };
      after = page.next;
      continue;
    }
    const following = only === undefined ? grantStates[grantStates.indexOf(state) + 1] : undefined;
    if (following === undefined) return { grants };
    if (grants.length >= limit) return { grants, next: { state: following } };
    state = following;
    after = undefined;
  }
  return { grants, next: after === undefined ? { state } : { state, after } };
};
