/** What a caller may be given, and what is promised with it. */
import type { ServedToken } from '../../functions/keeper/get-token.ts';
import type { Operation } from '../world/operation.ts';
import type { Processed } from '../world/provider.ts';
import type { Evidence } from './evidence.ts';

export type ServedWatch = {
  served(operation: Operation, token: ServedToken, callerOffsetMs: number): void;
  revocationAcknowledged(connectionId: string): void;
  rotated(processed: Processed): void;
  /** A caller's API call was refused while its own clock still promised the token. */
  refused(accessToken: string): void;
};

export const watchServed = (evidence: Evidence): ServedWatch => {
  const { provider, origins, violate, now } = evidence;
  /** Until when, in true time, somebody relies on a token. */
  const promisedUntil = new Map<string, number>();
  const acknowledgedAt = new Map<string, number>();

  const stillActive = (accessToken: string): boolean => {
    const origin = origins.get(accessToken);
    const grant = origin && evidence.tables.grants.get(origin.grantId)?.value;
    return grant?.state === 'active' && grant.connectionId === origin?.connectionId;
  };

  const judgeSight = (operation: Operation, token: ServedToken): void => {
    const sight = operation.seen.get(token.grantId);
    const record = sight?.stored?.value;
    if (record?.tokens?.accessToken !== token.accessToken) {
      violate('stored before served', 'a token was served that the record does not hold');
    }
    if (record?.sent !== undefined) violate('unknown means silence', 'served while a refresh was unanswered');
    if (record?.state !== 'active' || !record.claimed)
      violate('only what is active is served', `served from ${record?.state}`);
    const end = provider.endOf(token.accessToken);
    const byKeeper = end?.reason === 'rotated' || end?.reason === 'revoked';
    if (end !== undefined && byKeeper && end.at < (sight?.at ?? 0)) {
      violate('unknown means silence', `served a token that had been ${end.reason}`);
    }
  };

  const excused = (accessToken: string): boolean => {
    const end = provider.endOf(accessToken);
    if (end !== undefined && end.at < (origins.get(accessToken)?.storedAt ?? 0)) {
      evidence.count('imported when it was dead already');
      return true;
    }
    switch (end?.reason) {
      case 'rotated':
        return evidence.reported.has(accessToken) || !stillActive(accessToken);
      // Its session was refused when it was to be replaced, and ended when another had been minted.
      case 'revoked':
        return evidence.reported.has(accessToken) || !stillActive(accessToken);
      case 'superseded':
        if (evidence.lateRotationAt.has(end.at))
          evidence.count('ended by a request that arrived after its attempt');
        return (
          evidence.lateRotationAt.has(end.at) ||
          evidence.authorisedAt.has(end.at) ||
          !stillActive(accessToken)
        );
      case undefined:
        return false;
      default:
        return true;
    }
  };

  return {
    served: (operation, token, callerOffsetMs) => {
      const { accessToken, cacheUntil } = token;
      const origin = origins.get(accessToken);
      if (origin === undefined) violate('stored before served', 'a token was served that was never stored');
      else {
        const ackedAt = acknowledgedAt.get(origin.connectionId);
        if (ackedAt !== undefined && ackedAt < operation.startedAt) {
          violate('revoke wins', 'a token was served after its revocation was acknowledged');
        }
      }
      judgeSight(operation, token);
      const until = cacheUntil - callerOffsetMs;
      promisedUntil.set(accessToken, Math.max(until, promisedUntil.get(accessToken) ?? 0));
    },
    revocationAcknowledged: connectionId => {
      if (!acknowledgedAt.has(connectionId)) acknowledgedAt.set(connectionId, now());
    },
    rotated: ({ replaced = '' }) => {
      if (now() >= (promisedUntil.get(replaced) ?? 0)) return;
      if (!evidence.reported.has(replaced) && stillActive(replaced)) {
        violate('a promise with every token', 'a served token was rotated before its cacheUntil');
      }
    },
    refused: accessToken => {
      if (excused(accessToken)) return;
      const reason = provider.endOf(accessToken)?.reason ?? 'expired';
      violate('a promise with every token', `a token was refused (${reason}) before its cacheUntil`);
    },
  };
};
