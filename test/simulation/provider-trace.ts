/** Plays a sequence against one provider, and tells what came of it in words that both sides share. */
import type { RevokeAnswer, TokenAnswer } from '../../functions/domain/answer.ts';
import type { TokenResponse } from '../../functions/domain/tokens.ts';
import type { SessionView, Side } from './provider-sides.ts';
import { firstSecret } from './provider-sides.ts';
import { type AppName, apps, type Chosen, type Request, type Step } from './provider-steps.ts';

/** What was handed out in one session, the newest last. */
type Wallet = {
  readonly app: AppName;
  readonly sessionId: string | undefined;
  readonly access: string[];
  readonly refresh: string[];
};

export type Clock = { now: number };

/** Told of each refresh before it is sent, with what it brought. */
export type OnRefresh = (token: string, send: () => TokenAnswer | RevokeAnswer) => TokenAnswer | RevokeAnswer;

export type Outcome = { readonly did: string; readonly told: unknown; readonly sessions: SessionView[] };

type Player = {
  readonly side: Side;
  readonly wallets: Wallet[];
  readonly secrets: Map<AppName, string>;
  readonly onRefresh: OnRefresh;
};

const keep = (tokens: string[], token: string | undefined): number | undefined => {
  if (token === undefined) return undefined;
  if (!tokens.includes(token)) tokens.push(token);
  return tokens.indexOf(token);
};

/** Tokens by their number in their session: equal numbers are equal tokens. */
const describeTokens = (player: Player, response: TokenResponse) => {
  const session = player.wallets.findIndex(({ sessionId }) => sessionId === response.sessionId);
  const wallet = player.wallets[session];
  return {
    session,
    isReplay: wallet?.access.includes(response.accessToken),
    access: wallet && keep(wallet.access, response.accessToken),
    refresh: wallet && keep(wallet.refresh, response.refreshToken),
    accessLifetimeMs: response.accessLifetimeMs,
    refreshLifetimeMs: response.refreshLifetimeMs,
    ownerId: response.ownerId,
  };
};

/** The provider's own code stays out: the keeper takes OAU-210, 211 and 213 alike, and the simulation knows only the last. */
const describeAnswer = (player: Player, answer: TokenAnswer | RevokeAnswer) => {
  if (answer.kind === 'rotated') return { kind: answer.kind, ...describeTokens(player, answer.response) };
  return answer.kind === 'refused' ? { kind: answer.kind } : answer;
};

const choose = ({ wallets }: Player, { token, session, age }: Chosen) => {
  const wallet = wallets[Math.max(0, wallets.length - 1 - session)];
  const tokens = wallet?.[token] ?? [];
  const chosen = tokens[Math.max(0, tokens.length - 1 - age)];
  return wallet && chosen !== undefined ? { app: wallet.app, token: chosen } : undefined;
};

const ask = (
  player: Player,
  act: 'refresh' | 'revoke' | 'limit',
  { chosen, app, secret }: Request,
): Pick<Outcome, 'did' | 'told'> => {
  const found = choose(player, chosen);
  if (found === undefined) return { did: 'nothing', told: undefined };
  const asking = app === 'its own' ? found.app : (apps.find(name => name !== found.app) ?? found.app);
  const known = player.secrets.get(asking) ?? firstSecret;
  const asked = { app: asking, secret: secret === 'right' ? known : `no ${known}`, token: found.token };
  const send = () => player.side.ask(act, asked);
  const answer =
    act === 'refresh' && app === 'its own' && secret === 'right' && chosen.token === 'refresh'
      ? player.onRefresh(found.token, send)
      : send();
  const told = describeAnswer(player, answer);
  return { did: `${act}: ${'isReplay' in told && told.isReplay ? 'replayed' : told.kind}`, told };
};

const perform = (player: Player, clock: Clock, step: Step): Pick<Outcome, 'did' | 'told'> => {
  const { side, wallets, secrets } = player;
  switch (step.act) {
    case 'authorize': {
      const response = side.authorize(step.app, step.ownerId);
      wallets.push({ app: step.app, sessionId: response.sessionId, access: [], refresh: [] });
      return { did: 'authorize', told: describeTokens(player, response) };
    }
    case 'refresh':
    case 'revoke':
    case 'limit':
      return ask(player, step.act, step);
    case 'use': {
      const found = choose(player, step.chosen);
      const accepted = found !== undefined && side.use(found.token);
      return { did: `use: ${accepted ? 'accepted' : 'refused'}`, told: accepted };
    }
    case 'pass':
      clock.now += step.ms;
      return { did: 'pass', told: step.ms };
    case 'end sessions':
      side.endSessions(step.ownerId);
      return { did: 'end sessions', told: undefined };
    case 'change secret': {
      const secret = `secret ${secrets.size} of ${clock.now}`;
      secrets.set(step.app, secret);
      side.changeSecret(step.app, secret);
      return { did: 'change secret', told: undefined };
    }
  }
};

export const play = (
  steps: readonly Step[],
  clock: Clock,
  side: Side,
  onRefresh: OnRefresh = (_, send) => send(),
): Outcome[] => {
  const player: Player = { side, wallets: [], secrets: new Map(), onRefresh };
  const outcomes = steps.map(step => ({ ...perform(player, clock, step), sessions: side.sessions() }));
  // In the end, which of all access tokens still work.
  const told = player.wallets.map(({ access }) => access.map(token => side.use(token)));
  return [...outcomes, { did: 'look', told, sessions: side.sessions() }];
};
