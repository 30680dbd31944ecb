/** The one DynamoDB table of a world: grants, claims and standings as items, and the due index behind the grants. */
import type { AppStanding } from '../../functions/domain/app.ts';
import type { Claim } from '../../functions/domain/claim.ts';
import type { Grant, Stored } from '../../functions/domain/grant.ts';
import { laneOf } from '../../functions/domain/lane.ts';
import { createDueIndex, createItems, type DueIndex, type Items, type Version } from './table.ts';

export type Tables = {
  readonly grants: Items<Grant>;
  readonly claims: Items<Claim>;
  readonly standings: Items<AppStanding>;
  readonly index: DueIndex;
};

export type TableObserver = {
  grantWritten(before: Version<Grant>, after: Stored<Grant>): void;
  standingWritten(before: Version<AppStanding>, after: Stored<AppStanding>): void;
};

/** `whenIndexed`: lets the index catch up with a write, after its lag. */
export const createTables = (observer: TableObserver, whenIndexed: (catchUp: () => void) => void): Tables => {
  const index = createDueIndex();
  const indexed = new Map<string, number>();
  let writes = 0;
  const grants = createItems<Grant>((before, after) => {
    writes += 1;
    const { grantId, dueAt } = after.value;
    const write = writes;
    if (before === undefined || before.value.dueAt !== dueAt) {
      whenIndexed(() => {
        // An index never goes back: an update that is overtaken by a later one of the same item is dropped.
        if (write < (indexed.get(grantId) ?? 0)) return;
        indexed.set(grantId, write);
        index.put(grantId, laneOf(grantId), dueAt);
      });
    }
    observer.grantWritten(before, after);
  });
  const standings = createItems<AppStanding>((before, after) => observer.standingWritten(before, after));
  return { grants, standings, claims: createItems<Claim>(() => {}), index };
};
