import type { GrantState } from '../../functions/domain/grant.ts';
import { grantTable } from '../grant-table.ts';
import { listAll } from '../listing.ts';
import type { Session } from '../session.ts';

type Options = { readonly state?: GrantState; readonly limit: number };

export const list = async ({ terminal, keeper, now }: Session, { state, limit }: Options): Promise<void> => {
  const { grants, complete } = await listAll(keeper, {
    ...(state !== undefined && { state }),
    most: limit,
    onPage: count => terminal.progress(`${count} grants`),
  });
  if (terminal.json) terminal.printJson({ grants, complete });
  else if (grants.length > 0) terminal.print(grantTable(grants, now(), terminal.colors));
  else terminal.note(state === undefined ? 'There are no grants.' : `There are no grants in ${state}.`);
  if (!complete) terminal.note(`Only the first ${grants.length} are shown. --limit says how many.`);
};
