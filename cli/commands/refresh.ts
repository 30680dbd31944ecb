import { when } from '../grant-table.ts';
import type { Session } from '../session.ts';

/**
 * The API renews a token only for whoever says that it was rejected, so that is what is said of the current one. Within a minute, and
 * more than four times an hour, it answers `refresh-limited`.
 */
export const refresh = async ({ terminal, keeper, now }: Session, grantId: string): Promise<void> => {
  const { generation: rejectedGeneration } = await keeper.call('getGrant', { grantId });
  terminal.progress(`Reporting generation ${rejectedGeneration} of ${grantId} as rejected`);
  const { generation, expiresAt, cacheUntil } = await keeper.call('refreshToken', {
    grantId,
    rejectedGeneration,
  });
  if (terminal.json) {
    terminal.printJson({ grantId, rejectedGeneration, generation, expiresAt, cacheUntil });
    return;
  }
  terminal.print([
    `Reported generation ${rejectedGeneration} as rejected. RingCentral issued generation ${generation}, which dies ${when(expiresAt, now())}; the token before it is dead.`,
  ]);
};
