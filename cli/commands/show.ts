import { grantProperties } from '../grant-table.ts';
import type { Session } from '../session.ts';

export const show = async ({ terminal, keeper, now }: Session, grantId: string): Promise<void> => {
  const grant = await keeper.call('getGrant', { grantId });
  if (terminal.json) terminal.printJson(grant);
  else terminal.print(grantProperties(grant, now(), terminal.colors));
};
