/** The API side: who an access token belongs to. Its first accepted use ends the replay window soon after. */

import { type Answer, type ApiRefusalCode, json, refuseAtApi } from './answers.ts';
import type { Session } from './session.ts';
import { type FoundToken, findToken } from './session-store.ts';
import { looksLikeToken, type State } from './state.ts';

const fault = (state: State, token: string, found: FoundToken | undefined): ApiRefusalCode | undefined => {
  if (!looksLikeToken(token)) return 'OAU-149';
  if (found === undefined || found.session.end !== undefined) return 'OAU-213';
  const { session, kind } = found;
  if (kind === 'refresh' || kind === 'spent-refresh') return 'OAU-213';
  const former = session.formerAccess.find(access => access.token === token);
  const expiresAt = former?.expiresAt ?? session.tokens.accessExpiresAt;
  if (expiresAt <= state.clock()) return 'OAU-128';
  if (former !== undefined || session.accessKilled) return 'OAU-129';
  return state.disabledUsers.has(session.ownerId) ? 'OAU-140' : undefined;
};

const extension = (state: State, { ownerId }: Session): Answer => {
  const name = state.users.get(ownerId)?.name ?? '';
  const id = /^[1-9]\d{0,14}$/.test(ownerId) ? Number(ownerId) : ownerId;
  return json(200, {
    uri: `/restapi/v1.0/account/${ownerId}/extension/${ownerId}`,
    id,
    extensionNumber: '101',
    name,
    type: 'User',
    status: 'Enabled',
  });
};

/** `GET /restapi/v1.0/account/~/extension/~` with this access token, if any came with the request. */
export const readExtension = (state: State, token: string | undefined): Answer => {
  const found = findToken(state.sessions, token ?? '');
  const code = fault(state, token ?? '', found);
  if (found === undefined || code !== undefined) {
    const errorCode = code ?? 'OAU-213';
    const { clientId, ownerId, id: sessionId } = found?.session ?? {};
    state.ledger.counts.resourceRefused += 1;
    state.emit({
      type: 'access-refused',
      at: state.clock(),
      ...(clientId && ownerId && sessionId ? { clientId, ownerId, sessionId } : {}),
      errorCode,
    });
    return refuseAtApi(errorCode);
  }
  state.ledger.counts.resourceAccepted += 1;
  if (found.session.accessFirstUsedAt === undefined) {
    found.session.accessFirstUsedAt = state.clock();
    state.revision += 1;
  }
  return extension(state, found.session);
};
