/** What happened, as lines for people. Pure: facts of the functions' logs, events of the provider and of EventBridge. */
import type { Fact } from '../../functions/keeper/facts.ts';
import type { Served } from '../aws/front-door.ts';
import type { LocalEvent } from '../aws/services.ts';
import type { SimulatorEvent } from '../ringcentral/index.ts';
import { relative } from './durations.ts';

export type Tone = 'good' | 'notice' | 'bad' | 'quiet';

export type Line = {
  /** Who says so. */
  readonly source: string;
  /** The grant or the user it is about. */
  readonly subject: string;
  readonly text: string;
  readonly tone: Tone;
};

type Saying = { readonly text: string; readonly tone: Tone };

const say = (tone: Tone, text: string): Saying => ({ text, tone });

const reasons: Record<Extract<Fact, { type: 'refreshed' }>['reason'], string> = {
  due: 'it was due',
  getter: 'somebody asked',
  reported: 'a caller reported its token as rejected',
};

const sayRenewed = (fact: Extract<Fact, { type: 'refreshed' | 'minted' }>, nowMs: number): Saying => {
  const { type, reason, strategy, generation, replayed, accessExpiresAt, refreshExpiresAt, dueAt } = fact;
  const why = replayed ? 'asked again for an answer that was lost' : reasons[reason];
  const lives = [
    `access token dies ${relative(accessExpiresAt, nowMs)}`,
    ...(refreshExpiresAt === undefined ? [] : [`refresh token ${relative(refreshExpiresAt, nowMs)}`]),
    ...(dueAt === undefined ? [] : [`due ${relative(dueAt, nowMs)}`]),
  ];
  return say(
    'good',
    `${type === 'minted' ? 'minted from its credential' : type}, ${why} (${strategy}); generation ${generation}: ${lives.join(', ')}`,
  );
};

const sayFact = (fact: Fact, nowMs: number): Saying => {
  switch (fact.type) {
    case 'refreshed':
    case 'minted':
      return sayRenewed(fact, nowMs);
    case 'deferred':
      return say('notice', `put off (${fact.code}), tried again ${relative(fact.holdUntil, nowMs)}`);
    case 'refused':
      return say('bad', `refused by RingCentral (${fact.code}); a verdict follows`);
    case 'condemned':
      return say('bad', `needs its owner to authorise again (${fact.code})`);
    case 'session-over':
      return say('notice', `its session is over (${fact.code}): another one is minted from its credential`);
    case 'absolved':
      return say('notice', 'tried again: so many were refused that the app is in doubt');
    case 'misconfigured':
      return say('bad', `the app ${fact.app} is not configured correctly (${fact.code})`);
    case 'app-held':
      return say(
        'bad',
        `no calls for the app ${fact.app} (${fact.code}), again ${relative(fact.holdUntil, nowMs)}`,
      );
    case 'connected':
      return say('good', `connected, generation ${fact.generation}`);
    case 'reinstated':
      return say('notice', 'reinstated: tried again now');
    case 'revoking':
      return say('notice', `revoked here (generation ${fact.generation}): nobody is served from now on`);
    case 'revoked':
      return say('good', 'revoked at RingCentral too; its tokens are gone');
    case 'late-answer-retired':
      return say('notice', 'an answer came too late to be used; its session will be ended');
    case 'retired-session-ended':
      return say('good', 'an old session was ended');
    case 'commit-failed':
      return say('bad', `new tokens could not be stored (${fact.error})`);
    case 'event-not-sent':
      return say('notice', `the event "${fact.event}" could not be sent yet`);
    case 'unreadable-standing':
      return say(
        'bad',
        `what is known of the app ${fact.app} cannot be read; it is taken to be in good standing`,
      );
    case 'unreadable-lane':
      return say(
        'bad',
        `lane ${fact.lane} of the due index cannot be read (${fact.error}); left to the next round`,
      );
    case 'unreadable':
      return say('bad', 'its record cannot be read; put aside');
    case 'failed':
      return say('bad', `failed (${fact.error}); put aside for a moment`);
  }
};

const subjectOf = (fact: Fact): string => {
  if ('grantId' in fact) return fact.grantId;
  return 'app' in fact ? fact.app : `lane ${fact.lane}`;
};

export const narrateFact = (source: string, fact: Fact, nowMs: number): Line => ({
  source,
  subject: subjectOf(fact),
  ...sayFact(fact, nowMs),
});

/** What the connect function tells of a sign-in. */
export type SignInFact = { readonly type: string; readonly grantId?: string; readonly code?: string };

const goodSteps = ['sign-in-begun', 'account-connected'];

export const narrateSignIn = (source: string, { type, grantId = '', code }: SignInFact): Line => ({
  source,
  subject: grantId,
  ...say(
    goodSteps.includes(type) ? 'good' : 'notice',
    `${type.replaceAll('-', ' ')}${code === undefined ? '' : ` (${code})`}`,
  ),
});

const sayProvider = (event: SimulatorEvent): Saying | undefined => {
  switch (event.type) {
    case 'replayed':
      return say('notice', 'answered a spent refresh token with the same new tokens again');
    case 'limited':
      return say('bad', 'answered 429: too many requests');
    case 'refused':
      return say('bad', `refused (${event.errorCode})`);
    case 'session-ended':
      return say('notice', `ended a session (${event.reason})`);
    case 'access-refused':
      return say('bad', `answered 401 at its API (${event.errorCode})`);
    case 'faulted':
      return say('notice', `fault at the ${event.endpoint} endpoint: ${event.fault}`);
    case 'consented':
    case 'denied':
    case 'login-disabled':
    case 'login-enabled':
    case 'secret-rotated':
      return say('notice', event.type.replace('-', ' '));
    // The functions' own logs tell of these, and say why.
    case 'issued':
    case 'refreshed':
      return undefined;
  }
};

const nameNeedless = (event: SimulatorEvent): string =>
  'needless' in event && event.needless !== undefined ? ` (a needless request: ${event.needless})` : '';

/** `nameOf`: the user of an owner id. */
export const narrateProvider = (
  event: SimulatorEvent,
  nameOf: (ownerId: string) => string,
): Line | undefined => {
  const saying = sayProvider(event);
  const needless = nameNeedless(event);
  if (saying === undefined && needless === '') return undefined;
  return {
    source: 'ringcentral',
    subject: event.ownerId === undefined ? (event.clientId ?? '') : nameOf(event.ownerId),
    text: `${saying?.text ?? event.type}${needless}`,
    tone: needless === '' ? (saying?.tone ?? 'notice') : 'bad',
  };
};

export const narrateEvent = ({ type, detail }: LocalEvent): Line => {
  const { grantId = '', reason } = detail as { grantId?: string; reason?: string };
  return {
    source: 'eventbridge',
    subject: grantId,
    text: `event: ${type}${reason === undefined ? '' : ` (${reason})`}`,
    tone: 'notice',
  };
};

export const narrateServed = ({ method, path, status, tookMs }: Served): Line => ({
  source: 'http',
  subject: /^\/(?:grants|connect)\/([^/]+)/.exec(path)?.[1]?.replace('%3A', ':') ?? '',
  text: `${method} ${path} → ${status} in ${Math.round(tookMs)} ms`,
  tone: status < 400 ? 'quiet' : 'notice',
});
