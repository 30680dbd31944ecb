/** Whether a grant was lost, a verdict was just, and sessions end when they should: no live one, and every orphan. */
import type { Grant } from '../../functions/domain/grant.ts';
import type { Session } from '../world/provider.ts';
import type { RefreshRequest } from './calls.ts';
import { type Evidence, faultSince, originOf, wasHeldUp } from './evidence.ts';

const livesBy = ({ state, tokens }: Grant, session: Session, { provider }: Evidence): boolean =>
  (state === 'active' || state === 'reauthorize') &&
  tokens !== undefined &&
  provider.sessionOf(tokens.accessToken) === session;

const holderOf = (session: Session, evidence: Evidence): Grant | undefined => {
  for (const { value } of evidence.tables.grants.all()) if (livesBy(value, session, evidence)) return value;
  return undefined;
};

/** The keeper ended a session. */
export const judgeEnding = (session: Session, evidence: Evidence): void => {
  const holder = holderOf(session, evidence);
  if (holder !== undefined) {
    evidence.violate('no live session is ended', `the session that ${holder.grantId} lives by was revoked`);
  }
};

/**
 * A strict provider ended a session because a token was presented twice. Allowed, and counted, where an answer was received by nobody or
 * by a worker that failed before its write.
 */
const timedOut = ({ answered }: RefreshRequest): string | undefined =>
  answered === 'unknown' ? 'timeout' : undefined;

export const judgeReuse = (
  session: Session,
  request: RefreshRequest,
  all: readonly RefreshRequest[],
  evidence: Evidence,
): void => {
  if (holderOf(session, evidence) === undefined) return;
  const rotation = all.find(({ effect }) => effect === 'rotated');
  // Either the answer that rotated got lost on its way to the store, or this request reached the provider when nobody waited for it.
  const cause =
    (rotation && (faultSince(rotation.operation, rotation.faultsBefore) ?? timedOut(rotation))) ??
    faultSince(request.operation, request.faultsBefore);
  if (cause === undefined) {
    evidence.violate(
      'no token is ever lost',
      'a spent token was presented although its answer had been received',
    );
  } else evidence.count(`lost with the strict provider: ${cause}`);
};

const ownFault = new Set(['user-ended', 'too-many-sessions', 'reuse']);

/** Why a grant whose tokens work no more may be so; undefined: it may not. */
export const excuseOf = (grant: Grant, evidence: Evidence): string | undefined => {
  const { accessToken = '', refreshToken, accessExpiresAt = 0 } = grant.tokens ?? {};
  const end = evidence.provider.sessionOf(accessToken)?.end;
  if (end !== undefined && ownFault.has(end.reason)) return end.reason;
  const isOver = evidence.now() + 2 * evidence.scenario.assumptions.clockSkewMs >= accessExpiresAt;
  return refreshToken === undefined && isOver ? 'expired' : undefined;
};

/** A grant of a credential needs a person only where the provider takes that no more, or says so. */
const judgeVerdictOfCredential = (
  grant: Grant,
  { credentials, liedAbout, count, violate }: Evidence,
): void => {
  const assertions = [...credentials].filter(([, { grantId }]) => grantId === grant.grantId);
  if (assertions.some(([jwt]) => liedAbout.has(jwt)))
    count('condemned: refused by a provider that was wrong');
  else violate('a credential needs nobody', `${grant.grantId} was condemned though its credential is good`);
};

/** A grant was condemned. */
export const judgeVerdict = (grant: Grant, evidence: Evidence): void => {
  if (grant.credential !== undefined) {
    judgeVerdictOfCredential(grant, evidence);
    return;
  }
  const excuse = excuseOf(grant, evidence);
  if (excuse !== undefined) {
    evidence.count(`condemned: ${excuse}`);
    return;
  }
  const token = grant.tokens?.refreshToken ?? '';
  if (evidence.liedAbout.has(token)) evidence.count('condemned: refused by a provider that was wrong');
  else if (evidence.provider.canRefresh(token, evidence.now())) {
    evidence.violate('death needs proof', `${grant.grantId} was condemned while its session lives`);
  } else evidence.violate('no token is ever lost', `${grant.grantId} has a token that is spent for good`);
};

/** Why a session may be alive though no grant owns it; undefined: it may not. */
const excuseOfOrphan = (session: Session, grantId: string, evidence: Evidence): string | undefined => {
  if (wasHeldUp(evidence.tables.grants.get(grantId)?.value.app ?? '', evidence)) {
    return 'session left for later: its app was held as a whole';
  }
  if (session.tokens.some(token => evidence.liedAbout.has(token))) {
    return 'session left to die by itself: the provider said that it was over';
  }
  if (session.tokens.some(token => evidence.crowdedOut.has(token))) {
    return 'session left to die by itself: the list of old ones was full';
  }
  return evidence.scenario.provider.identifies === 'nothing' && !session.exchanged
    ? 'session left to die by itself: answers do not tell it apart'
    : undefined;
};

/** What was exchanged for and could not be stored is ended, if nothing went wrong on the way. */
const judgeDiscarded = (session: Session, evidence: Evidence): void => {
  const started = evidence.exchanges.get(session.id);
  if (started === undefined || !started.heard || started.operation.faults.length > 0) return;
  // Where there is no record to keep it in, the provider is told once.
  if (started.toldInVain)
    evidence.count('session left to die by itself: the provider was told once, in vain');
  else evidence.violate('no orphan sessions', `session ${session.id} was started for a code and is nobody’s`);
};

/** No session is left alive that no grant owns, unless it never became the keeper's. */
export const judgeOrphans = (evidence: Evidence, withdrawn: ReadonlySet<string>): void => {
  const now = evidence.now();
  for (const session of evidence.provider.sessions()) {
    const alive =
      session.end === undefined && now < Math.max(session.accessExpiresAt, session.refreshExpiresAt);
    if (!alive || holderOf(session, evidence) !== undefined) continue;
    const origin = originOf(session.access, evidence);
    if (origin === undefined) judgeDiscarded(session, evidence);
    if (origin === undefined || withdrawn.has(origin.connectionId)) continue;
    const excuse = excuseOfOrphan(session, origin.grantId, evidence);
    if (excuse !== undefined) evidence.count(excuse);
    else
      evidence.violate(
        'no orphan sessions',
        `session ${session.id} of ${origin.grantId} is alive and nobody’s`,
      );
  }
};
