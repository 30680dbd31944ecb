import type { Session } from '../session.ts';

type Options = { readonly minTtl?: number };

/** The only command that prints a token. In a pipe it prints nothing else: not even a newline. */
export const token = async (session: Session, grantId: string, { minTtl }: Options): Promise<void> => {
  const { terminal, keeper } = session;
  const served = await keeper.call('getToken', { grantId, ...(minTtl !== undefined && { minTtl }) });
  if (terminal.json) terminal.printJson(served);
  else terminal.write(terminal.size === undefined ? served.accessToken : `${served.accessToken}\n`);
};
