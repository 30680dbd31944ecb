/** When the provider may be called: once per generation, by who holds an attempt, and never in a penalty that is known. */
import { maxUnansweredSessions } from '../../functions/domain/mint.ts';
import type { Operation } from '../world/operation.ts';
import type { Processed } from '../world/provider.ts';
import type { Call, CallKind } from '../world/token-endpoint.ts';
import { type Evidence, faultSince, originOf } from './evidence.ts';

/** A refresh request that presented a token, and whose answer counts as known unless its worker met a fault. */
export type RefreshRequest = {
  readonly operation: Operation;
  readonly faultsBefore: number;
  effect?: Processed['effect'];
  answered?: string;
};

type Penalty = { readonly endsAt: number; readonly recordedAt: number };

export type CallWatch = {
  sent(operation: Operation, kind: CallKind, token: string): Call;
  /** A hold was stored that says what this operation was told. */
  penaltyRecorded(operation: Operation, key: string): void;
  finished(operation: Operation): void;
  requestsOf(token: string): readonly RefreshRequest[];
};

const settled = new Set<Processed['effect'] | undefined>(['refused', 'limited', 'misconfigured', 'none']);

/** Why the same token may be presented again: undefined while its outcome is under way or known to a worker that met no fault. */
const excuseOf = ({ operation, faultsBefore, effect, answered }: RefreshRequest): string | undefined => {
  if (settled.has(effect)) return 'an answer that settled nothing';
  return faultSince(operation, faultsBefore) ?? (answered === 'unknown' ? 'a timeout' : undefined);
};

/** It stood still between its check and its socket, or the network held its request up. */
const isLate = ({ operation, faultsBefore }: RefreshRequest): boolean =>
  operation.faults.slice(faultsBefore).some(fault => fault === 'freeze-before' || fault === 'late-arrival');

/** Of which grant a request is, and when it was last seen that it may be sent. */
const subjectOf = (operation: Operation, token: string, evidence: Evidence) => {
  // An exchange takes no attempt, nor does ending what it brought: nobody else has that code, or those tokens.
  const own = evidence.codes.get(token) ?? evidence.credentials.get(token) ?? operation.exchanged.get(token);
  const origin = own ?? originOf(token, evidence);
  const grantId = origin?.grantId ?? '';
  const begun = operation.begun.get(grantId);
  return {
    grantId,
    app: own?.app ?? evidence.tables.grants.get(grantId)?.value.app ?? '',
    begun,
    checkedAt: begun?.at ?? operation.seen.get(grantId)?.at ?? evidence.now(),
    mayBeSent: own !== undefined || (origin !== undefined && begun !== undefined),
  };
};

const noteStart = (
  request: RefreshRequest,
  code: string,
  { effect, session }: Processed,
  evidence: Evidence,
): void => {
  const { operation } = request;
  const subject = evidence.codes.get(code) ?? evidence.credentials.get(code);
  if (effect !== 'started' || subject === undefined) return;
  evidence.authorisedAt.add(evidence.now());
  operation.exchangedAt = evidence.now();
  if (session === undefined) return;
  for (const token of session.tokens) operation.exchanged.set(token, subject);
  const { grantId } = subject;
  evidence.exchanges.set(session.id, { operation, code, grantId, late: isLate(request) });
  if (evidence.credentials.has(code)) judgePile(grantId, evidence);
};

/** Sessions that nobody knows of: their answers were lost, or are on their way. */
const judgePile = (grantId: string, { provider, exchanges, origins, now, violate }: Evidence): void => {
  const unknown = provider.sessions().filter(session => {
    const started = exchanges.get(session.id);
    if (started?.grantId !== grantId || started.late || session.end !== undefined) return false;
    const isAlive = now() < Math.max(session.accessExpiresAt, session.refreshExpiresAt);
    return isAlive && !session.tokens.some(token => origins.has(token));
  });
  if (unknown.length > maxUnansweredSessions)
    violate(
      'sessions do not pile up',
      `${unknown.length} sessions of ${grantId} are alive and nobody knows them`,
    );
};

/** Whoever was given tokens for a code stores them or ends their session; ending it is tried once where there is no record. */
const noteAnswer = (
  operation: Operation,
  kind: CallKind,
  token: string,
  answer: string,
  evidence: Evidence,
): void => {
  const { exchanges, provider } = evidence;
  const sessionId = provider.sessionOf(token)?.id;
  for (const [id, started] of exchanges) {
    const isOwn = (kind === 'exchange' || kind === 'mint') && started.code === token;
    if (isOwn && started.operation === operation) started.heard ??= answer === 'rotated';
    if (kind === 'revoke' && id === sessionId) started.toldInVain = answer !== 'ended';
  }
};

const isRecordable = (key: string, { tables, scenario }: Evidence): boolean =>
  key.startsWith('app ') ? scenario.settings.rateLimitScope === 'app' : tables.grants.get(key) !== undefined;

export const watchCalls = (
  evidence: Evidence,
  whenProcessed: (token: string, kind: CallKind, processed: Processed, request: RefreshRequest) => void,
): CallWatch => {
  const { now, violate, count, scenario } = evidence;
  const requests = new Map<string, RefreshRequest[]>();
  const penalties = new Map<string, Penalty>();
  const { appHoldCacheMs, maxClockSkewMs } = scenario.settings;

  /** Between the check of an app's hold and the request lie its cache, a read and a write. */
  const appCheckSlackMs = appHoldCacheMs + maxClockSkewMs + 10 * scenario.latencyMs;

  const judgeSilence = (operation: Operation, key: string, checkedAt: number, slackMs: number): void => {
    const penalty = penalties.get(key);
    if (penalty === undefined || now() >= penalty.endsAt) return;
    const wasKnown = penalty.recordedAt < checkedAt - slackMs;
    if (!wasKnown || operation.faults.length > 0)
      count('call in a penalty recorded between check and socket');
    if (wasKnown && operation.faults.length === 0)
      violate('silence in a penalty', 'a call was sent in a recorded penalty');
  };

  /** Ending a session asks again for what it could not end: only a grant's own refresh is judged. */
  const judgeSecondCall = (grantId: string, token: string, ownFault: string | undefined): void => {
    const grant = evidence.tables.grants.get(grantId)?.value;
    if (grant?.state !== 'active' || grant.tokens?.refreshToken !== token) return;
    for (const earlier of requests.get(token) ?? []) {
      const excuse = excuseOf(earlier) ?? (ownFault && `another had, late for its own ${ownFault}`);
      if (excuse !== undefined) count(`asked again after ${excuse}`);
      else
        violate(
          'one call per generation',
          `operation ${earlier.operation.id} had asked with the same token already`,
        );
    }
  };

  const holdOf = (key: string): number => {
    const standing = evidence.tables.standings.get(key.slice('app '.length))?.value;
    return (
      (key.startsWith('app ') ? standing?.holdUntil : evidence.tables.grants.get(key)?.value.holdUntil) ?? 0
    );
  };

  return {
    finished: ({ penalties: heard, deadlineAt }) => {
      // Recording it was tried until the time was over.
      if (deadlineAt - now() < scenario.settings.commitBudgetMs) return;
      for (const [key, until] of heard) {
        if (isRecordable(key, evidence) && now() < until && holdOf(key) < until) {
          violate('silence in a penalty', `a 429 that was heard is not recorded for ${key}`);
        }
      }
    },
    requestsOf: token => requests.get(token) ?? [],
    penaltyRecorded: (operation, key) => {
      const endsAt = operation.penalties.get(key);
      // Another answer's hold, which is shorter, says nothing of the penalty.
      if (endsAt === undefined || holdOf(key) < endsAt) return;
      operation.penalties.delete(key);
      penalties.set(key, { endsAt, recordedAt: now() });
    },
    sent: (operation, kind, token) => {
      const { grantId, app, begun, checkedAt, mayBeSent } = subjectOf(operation, token, evidence);
      if (!mayBeSent) violate('sent is stored before it is sent', 'a request left without a stored attempt');
      judgeSilence(operation, grantId, checkedAt, 0);
      if (scenario.settings.rateLimitScope === 'app')
        judgeSilence(operation, `app ${app}`, checkedAt, appCheckSlackMs);
      const request: RefreshRequest = { operation, faultsBefore: begun?.faultsBefore ?? 0 };
      const ownFault = faultSince(operation, request.faultsBefore);
      if (kind === 'refresh') judgeSecondCall(grantId, token, ownFault);
      if (kind === 'refresh') requests.set(token, [...(requests.get(token) ?? []), request]);
      let penaltyUntil: number | undefined;
      return {
        processed: processed => {
          request.effect = processed.effect;
          penaltyUntil = processed.penaltyUntil;
          noteStart(request, token, processed, evidence);
          if (processed.effect === 'rotated' && isLate(request)) evidence.lateRotationAt.add(now());
          if (evidence.provider.lying) evidence.liedAbout.add(token);
          whenProcessed(token, kind, processed, request);
        },
        answered: answer => {
          request.answered = answer;
          noteAnswer(operation, kind, token, answer, evidence);
          if (answer !== 'limited' || penaltyUntil === undefined) return;
          // Of a grant that is connected for the first time there is no record to say it on.
          if (isRecordable(grantId, evidence)) operation.penalties.set(grantId, penaltyUntil);
          operation.penalties.set(`app ${app}`, penaltyUntil);
        },
      };
    },
  };
};
