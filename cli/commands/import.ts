import type { Strategy } from '../../functions/domain/grant.ts';
import { when } from '../grant-table.ts';
import { putGrant } from '../put.ts';
import type { Session } from '../session.ts';
import { readTokenResponse } from '../token-response.ts';

type Options = {
  readonly app?: string;
  readonly strategy?: Strategy;
  readonly label?: string;
  readonly obtainedAt?: string;
  readonly replace?: number;
};

export const importGrant = async (
  session: Session,
  grantId: string,
  path: string,
  { replace, ...extra }: Options,
): Promise<void> => {
  const { terminal, now } = session;
  if (path === '-' && session.terminal.stdin.isTTY === true) {
    terminal.note("Paste RingCentral's token response, and end it with Ctrl-D.");
  }
  const response = await readTokenResponse(path, terminal.stdin);
  terminal.progress(`Importing ${grantId}`);
  const grant = await putGrant(
    session,
    grantId,
    { ...response, ...extra },
    { mayAsk: path !== '-', ...(replace !== undefined && { replace }) },
  );
  if (terminal.json) terminal.printJson(grant);
  else
    terminal.print([
      `Imported ${grantId}, generation ${grant.generation}. From now on nobody else may refresh its token; due ${when(grant.dueAt, now())}.`,
    ]);
};
