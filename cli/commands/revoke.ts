import { exitCodes, Failure } from '../failure.ts';
import type { Grant } from '../keeper.ts';
import type { Session } from '../session.ts';

type Options = { readonly yes?: boolean };

const describe = ({ grantId, label, ownerId, state }: Grant): string =>
  `${grantId} (${label === undefined ? '' : `${label}; `}owner ${ownerId}; ${state})`;

export const revoke = async (session: Session, grantId: string, { yes = false }: Options): Promise<void> => {
  const { terminal, keeper } = session;
  if (!yes) {
    const grant = await keeper.call('getGrant', { grantId });
    const question = `Revoke ${describe(grant)}? Its session at RingCentral ends, and its owner must authorise again to undo that.`;
    if (!(await terminal.confirm(question, `\`ringbearer revoke ${grantId} --yes\` does not ask.`))) {
      throw new Failure('not-confirmed', 'Nothing was revoked.', { exitCode: exitCodes.failed });
    }
  }
  terminal.progress(`Revoking ${grantId}`);
  const grant = await keeper.call('revokeGrant', { grantId });
  if (terminal.json) terminal.printJson(grant);
  else if (grant.state === 'revoked') terminal.print([`Revoked ${grantId}.`]);
  else
    terminal.print([
      `Revoking ${grantId}: nobody is served its token from now on. RingCentral could not be told yet; the sweep goes on with it.`,
    ]);
};
