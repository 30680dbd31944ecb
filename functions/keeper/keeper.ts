/** The keeper: everything that can be asked of Ringbearer, over its ports. */
import type { Grant, GrantState } from '../domain/grant.ts';
import type { Request } from '../domain/serve.ts';
import type { Context } from './attempt.ts';
import { type Authorization, connectGrant, type Preparation, prepareConnection } from './connect-grant.ts';
import { grantNotFound } from './errors.ts';
import { getToken, type ServedToken } from './get-token.ts';
import { type AppSummary, listApps } from './list-apps.ts';
import { listGrants, type Page, type Position } from './list-grants.ts';
import { type MintRequest, mintGrant } from './mint-grant.ts';
import type { Ports } from './ports.ts';
import { type Import, type PutOutcome, putGrant } from './put-grant.ts';
import { reinstateGrant, revokeGrant } from './revoke.ts';
import { createStandings } from './standings.ts';
import { type SweepReport, type SweepRequest, sweep } from './sweep.ts';

/** `deadlineAt`: when the invocation ends, in epoch milliseconds. Every method throws `KeeperError` with the API's codes. */
export type Keeper = {
  getToken(grantId: string, request: Request, deadlineAt: number): Promise<ServedToken>;
  getGrant(grantId: string): Promise<Grant>;
  listGrants(state: GrantState | undefined, limit: number, position?: Position): Promise<Page>;
  listApps(): Promise<AppSummary[]>;
  putGrant(grantId: string, input: Import): Promise<PutOutcome>;
  mintGrant(grantId: string, request: MintRequest, deadlineAt: number): Promise<PutOutcome>;
  connectGrant(grantId: string, authorization: Authorization, deadlineAt: number): Promise<Grant>;
  /** What an authorisation for this grant is to be asked for with. `app`: by name; may be left out where there is only one. */
  prepareConnection(grantId: string, app?: string): Promise<Preparation>;
  reinstateGrant(grantId: string): Promise<Grant>;
  revokeGrant(grantId: string, deadlineAt: number): Promise<Grant>;
  sweep(request: SweepRequest): Promise<SweepReport>;
};

export const createKeeper = (ports: Ports): Keeper => {
  const context: Context = { ...ports, standings: createStandings(ports) };
  return {
    getToken: (grantId, request, deadlineAt) => getToken(context, grantId, request, deadlineAt),
    getGrant: async grantId => {
      const stored = await ports.store.grants.get(grantId);
      if (stored === undefined) throw grantNotFound();
      return stored.value;
    },
    listGrants: (state, limit, position) => listGrants(ports.store, state, limit, position),
    listApps: () => listApps(context),
    putGrant: (grantId, input) => putGrant(context, grantId, input),
    mintGrant: (grantId, request, deadlineAt) => mintGrant(context, grantId, request, deadlineAt),
    connectGrant: (grantId, authorization, deadlineAt) =>
      connectGrant(context, grantId, authorization, deadlineAt),
    prepareConnection: (grantId, app) => prepareConnection(context, grantId, app),
    reinstateGrant: async grantId => (await reinstateGrant(context, grantId)).value,
    revokeGrant: (grantId, deadlineAt) => revokeGrant(context, grantId, deadlineAt),
    sweep: request => sweep(context, request),
  };
};
