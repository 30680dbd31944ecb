/** Putting a grant, where an existing one is replaced only by whoever says so. */
import { Failure } from './failure.ts';
import type { Grant } from './keeper.ts';
import type { Session } from './session.ts';

export type PutOptions = {
  /** The generation that may be replaced. */
  readonly replace?: number;
  /** False: stdin is in use, nobody can be asked. */
  readonly mayAsk: boolean;
};

const isMismatch = (error: unknown): error is Failure =>
  error instanceof Failure && error.code === 'generation-mismatch';

/** Throws {@link Failure}: the API's own `generation-mismatch` where nobody can be asked. */
export const putGrant = async (
  { keeper, terminal }: Session,
  grantId: string,
  body: object,
  { replace, mayAsk }: PutOptions,
): Promise<Grant> => {
  const put = (ifMatch: number | undefined) =>
    keeper.call('putGrant', { grantId, body, ...(ifMatch !== undefined && { ifMatch }) });
  try {
    return await put(replace);
  } catch (error) {
    if (!isMismatch(error) || replace !== undefined || !mayAsk || !terminal.canAsk) throw error;
    const { generation, label, ownerId, state } = await keeper.call('getGrant', { grantId });
    const which = `${label === undefined ? '' : `${label}; `}owner ${ownerId}; ${state}`;
    const question = `${grantId} exists with generation ${generation} (${which}). Replace its tokens, and end the session they belong to?`;
    if (await terminal.confirm(question, '')) return put(generation);
    throw new Failure('not-confirmed', 'Nothing was replaced.');
  }
};
