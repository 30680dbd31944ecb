/** The actions behind both ways in: a checked request becomes a call of the keeper, its result a view. */
import type { Runtime } from '../runtime.ts';
import { type CreatedLink, createLink } from './connect-links.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import {
  authorizationOf,
  grantIdOf,
  importOf,
  linkRequestOf,
  listingOf,
  minTtlMsOf,
  mintOf,
  namesCredential,
  type RawRequest,
  rejectedGenerationOf,
} from './requests.ts';
import { type AppView, type GrantView, type TokenView, viewApp, viewGrant, viewToken } from './views.ts';

export type Answer = {
  readonly status: 200 | 201 | 202;
  readonly result:
    | TokenView
    | GrantView
    | CreatedLink
    | { readonly grants: readonly GrantView[]; readonly cursor: string | null }
    | { readonly apps: readonly AppView[] };
};

const listGrants = async ({ keeper, now }: Runtime, request: RawRequest): Promise<Answer> => {
  const { state, limit, cursor } = listingOf(request);
  const position = cursor === undefined ? undefined : decodeCursor(cursor, state);
  const { grants, next } = await keeper.listGrants(state, limit, position);
  return {
    status: 200,
    result: {
      grants: grants.map(grant => viewGrant(grant, now())),
      cursor: next === undefined ? null : encodeCursor(next, state),
    },
  };
};

const putGrant = async (
  { keeper, now }: Runtime,
  request: RawRequest,
  deadlineAt: number,
): Promise<Answer> => {
  const grantId = grantIdOf(request);
  const { kind, grant } = namesCredential(request)
    ? await keeper.mintGrant(grantId, mintOf(request), deadlineAt)
    : await keeper.putGrant(grantId, importOf(request));
  return { status: kind === 'created' ? 201 : 200, result: viewGrant(grant, now()) };
};

/** `deadlineAt`: when the keeper must have answered, in epoch milliseconds. */
export const perform = async (runtime: Runtime, request: RawRequest, deadlineAt: number): Promise<Answer> => {
  const { keeper, settings, now } = runtime;
  switch (request.action) {
    case 'getToken': {
      const minTtlMs = minTtlMsOf(request, settings.accessMarginMs);
      const token = await keeper.getToken(grantIdOf(request), { minTtlMs }, deadlineAt);
      return { status: 200, result: viewToken(token) };
    }
    case 'refreshToken': {
      const rejectedGeneration = rejectedGenerationOf(request);
      const token = await keeper.getToken(
        grantIdOf(request),
        { minTtlMs: 0, rejectedGeneration },
        deadlineAt,
      );
      return { status: 200, result: viewToken(token) };
    }
    case 'getGrant':
      return { status: 200, result: viewGrant(await keeper.getGrant(grantIdOf(request)), now()) };
    case 'listGrants':
      return listGrants(runtime, request);
    case 'listApps':
      return { status: 200, result: { apps: (await keeper.listApps()).map(viewApp) } };
    case 'putGrant':
      return putGrant(runtime, request, deadlineAt);
    case 'createConnectLink':
      return { status: 201, result: await createLink(runtime, grantIdOf(request), linkRequestOf(request)) };
    case 'connectGrant': {
      const authorization = authorizationOf(request);
      const grant = await keeper.connectGrant(grantIdOf(request), authorization, deadlineAt);
      return { status: 200, result: viewGrant(grant, now()) };
    }
    case 'reinstateGrant':
      return { status: 202, result: viewGrant(await keeper.reinstateGrant(grantIdOf(request)), now()) };
    case 'revokeGrant': {
      const grant = await keeper.revokeGrant(grantIdOf(request), deadlineAt);
      return { status: grant.state === 'revoked' ? 200 : 202, result: viewGrant(grant, now()) };
    }
  }
};
