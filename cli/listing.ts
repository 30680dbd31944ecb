/** Every page of a listing, within bounds. */
import type { GrantState } from '../functions/domain/grant.ts';
import type { Grant, Keeper } from './keeper.ts';

export type Listing = {
  readonly grants: readonly Grant[];
  /** False: there are more than were asked for. */
  readonly complete: boolean;
};

export type ListingOptions = {
  readonly state?: GrantState;
  readonly most: number;
  readonly onPage?: (grants: number) => void;
};

const pageSize = 100;
/** A page can be short or empty although more follow. */
const maxEmptyPages = 100;

/** More than a team has; beyond it a listing says that it is not complete. */
export const mostGrants = 10_000;

/** A grant that changes its state while pages are read can appear twice: its later appearance counts. */
export const listAll = async (keeper: Keeper, options: ListingOptions): Promise<Listing> => {
  const { state, most, onPage } = options;
  const grants = new Map<string, Grant>();
  const maxPages = Math.ceil(most / pageSize) + maxEmptyPages;
  let cursor: string | null = null;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page: Awaited<ReturnType<typeof keeper.call<'listGrants'>>> = await keeper.call('listGrants', {
      limit: pageSize,
      ...(state !== undefined && { state }),
      ...(cursor !== null && { cursor }),
    });
    for (const grant of page.grants) grants.set(grant.grantId, grant);
    cursor = page.cursor;
    onPage?.(grants.size);
    if (cursor === null || grants.size > most) break;
  }
  return { grants: [...grants.values()].slice(0, most), complete: cursor === null && grants.size <= most };
};
