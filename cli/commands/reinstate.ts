import type { Session } from '../session.ts';

export const reinstate = async ({ terminal, keeper }: Session, grantId: string): Promise<void> => {
  const grant = await keeper.call('reinstateGrant', { grantId });
  if (terminal.json) terminal.printJson(grant);
  else
    terminal.print([
      `${grantId} is ${grant.state} again. The next sweep, or whoever asks for its token first, tries the tokens that are stored.`,
    ]);
};
