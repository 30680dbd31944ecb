import type { Strategy } from '../../functions/domain/grant.ts';
import { duration } from '../../sandbox/screen/durations.ts';
import { openBrowser } from '../browser.ts';
import { exitCodes, Failure, usage } from '../failure.ts';
import { when } from '../grant-table.ts';
import type { ConnectLink, Grant, Keeper } from '../keeper.ts';
import { putGrant } from '../put.ts';
import type { Session } from '../session.ts';
import { visible } from '../text.ts';

type Connection = {
  readonly app?: string;
  readonly strategy?: Strategy;
  readonly label?: string;
  readonly accessTokenTtl?: number;
  readonly refreshTokenTtl?: number;
};

type LinkOptions = {
  readonly returnTo?: string;
  readonly allowOwnerChange?: boolean;
  readonly expiresIn?: number;
};

type Options = Connection &
  LinkOptions & {
    readonly open?: boolean;
    /** False: `--no-wait`. */
    readonly wait: boolean;
    readonly credential?: string;
    readonly replace?: number;
  };

const pollMs = 2000;

/** Undefined where there is no such grant. */
const connectionOf = async (keeper: Keeper, grantId: string): Promise<Grant | undefined> => {
  try {
    return await keeper.call('getGrant', { grantId });
  } catch (error) {
    if (error instanceof Failure && error.code === 'grant-not-found') return undefined;
    throw error;
  }
};

/** Until the grant has another connection than `before`, or the link is over. What passes by itself is waited out. */
const waitForConnection = async (
  { keeper, terminal, now, sleep }: Session,
  { grantId, expiresAt }: ConnectLink,
  before: string | undefined,
): Promise<Grant | undefined> => {
  const endsAt = Date.parse(expiresAt);
  for (;;) {
    const isOver = now() >= endsAt;
    const grant = await connectionOf(keeper, grantId).catch((error: Failure) => {
      if (error.exitCode === exitCodes.later) return undefined;
      throw error;
    });
    if (grant !== undefined && grant.connectionId !== before) return grant;
    if (isOver) return undefined;
    terminal.progress(`Waiting for the owner of ${grantId}; the link is over in ${duration(endsAt - now())}`);
    await sleep(Math.min(pollMs, Math.max(endsAt - now(), 1)));
  }
};

const announce = ({ terminal, now }: Session, link: ConnectLink): void => {
  if (terminal.json) terminal.printJson({ event: 'link', ...link });
  else terminal.print([visible(link.url)]);
  terminal.note(
    `The link works once, until ${link.expiresAt} (${when(link.expiresAt, now())}). Whoever has it can connect their account: give it to the owner only.`,
  );
};

const report = ({ terminal, now }: Session, grant: Grant): void => {
  if (terminal.json) terminal.printJson({ event: 'connected', grant });
  else
    terminal.print([
      `Connected ${grant.grantId}: owner ${visible(grant.ownerId)}, generation ${grant.generation}, due ${when(grant.dueAt, now())}.`,
    ]);
};

const connectByLink = async (session: Session, grantId: string, options: Options): Promise<void> => {
  const { keeper, terminal } = session;
  const { open = false, wait, credential: _none, replace: _never, ...body } = options;
  const before = wait ? (await connectionOf(keeper, grantId))?.connectionId : undefined;
  const link = await keeper.call('createConnectLink', { grantId, body });
  announce(session, link);
  if (open && !(await openBrowser(link.url)))
    terminal.note('No browser could be opened here: open the link yourself.');
  if (!wait) return;
  const grant = await waitForConnection(session, link, before);
  if (grant !== undefined) return report(session, grant);
  throw new Failure('link-expired', 'The link expired before the account was connected.', {
    advice: `\`ringbearer connect ${grantId}\` makes another; --expires-in lets it live longer. Who had begun may still finish: \`ringbearer show ${grantId}\`.`,
  });
};

const linkOnly = ['open', 'returnTo', 'allowOwnerChange', 'expiresIn'] as const;

const connectByCredential = async (
  session: Session,
  grantId: string,
  credential: string,
  options: Options,
): Promise<void> => {
  if (linkOnly.some(name => options[name] !== undefined)) {
    throw usage('--credential needs no link: leave out what is about one.');
  }
  const { app, strategy, label, accessTokenTtl, refreshTokenTtl, replace } = options;
  if (app !== undefined)
    throw usage('--app cannot be chosen with --credential: the credential names its app.');
  const asked = { credential, strategy, label, accessTokenTtl, refreshTokenTtl };
  session.terminal.progress(`Connecting ${grantId}`);
  const grant = await putGrant(session, grantId, asked, {
    mayAsk: true,
    ...(replace !== undefined && { replace }),
  });
  report(session, grant);
};

export const connect = async (session: Session, grantId: string, options: Options): Promise<void> => {
  const { credential, replace } = options;
  if (credential !== undefined) return connectByCredential(session, grantId, credential, options);
  if (replace !== undefined) throw usage('--replace is for --credential: a link replaces whatever is there.');
  return connectByLink(session, grantId, options);
};
