/** Importing a token response: a new grant, or a new connection of an existing one. */
import type { App } from '../domain/app.ts';
import type { Grant, Stored, Strategy } from '../domain/grant.ts';
import { type TokenResponse, tokensEndAt, toTokens } from '../domain/tokens.ts';
import * as writes from '../domain/writes.ts';
import { type Context, momentOf } from './attempt.ts';
import { claimOwner, confirmClaim, ownerAlreadyConnected } from './claims.ts';
import { KeeperError } from './errors.ts';
import { update } from './update.ts';

export type Import = {
  readonly response: TokenResponse & { readonly ownerId: string };
  /** The app's name; may be left out where there is only one. */
  readonly app?: string;
  /** When the response was received, in epoch milliseconds. */
  readonly obtainedAt?: number;
  readonly strategy?: Strategy;
  readonly label?: string;
  /** The generation that may be replaced. */
  readonly ifGeneration?: number;
  /** SHA-256 of the response's first refresh token, or of its access token where there is none. */
  readonly importHash: string;
};

export type PutOutcome = {
  readonly kind: 'created' | 'replaced' | 'unchanged';
  readonly grant: Grant;
};

export const readApps = async ({ apps }: Context): Promise<readonly App[]> => {
  try {
    // Fresh: tokens of an app that was changed a moment ago must not be stored under what it was.
    return await apps.all({ fresh: true });
  } catch (error) {
    const { name, message } = error as Error;
    throw new KeeperError(
      'misconfigured',
      name === 'ConfigurationError' ? message : `The apps secret cannot be read (${name}).`,
    );
  }
};

export const chooseApp = async (context: Context, name: string | undefined): Promise<App> => {
  const apps = await readApps(context);
  const [only] = apps;
  const app =
    name === undefined && apps.length === 1 ? only : apps.find(candidate => candidate.name === name);
  if (app !== undefined) return app;
  const names = apps.map(candidate => candidate.name).join(', ');
  throw new KeeperError(
    'invalid-request',
    name === undefined
      ? `There are several apps: say in "app" which one issued these tokens (${names}).`
      : `There is no app of that name in the apps secret. Configured: ${names}.`,
  );
};

const checkLifetimes = (input: Import, { clock, settings }: Context): number => {
  const now = clock.now();
  const obtainedAt = input.obtainedAt ?? now;
  if (obtainedAt > now + settings.maxClockSkewMs) {
    throw new KeeperError(
      'invalid-request',
      '"obtainedAt" is in the future: send when the token response was received.',
    );
  }
  const tokens = toTokens(input.response, obtainedAt, undefined, settings);
  if (tokensEndAt(tokens) <= now) {
    throw new KeeperError(
      'invalid-request',
      'These tokens have expired already. Have the account authorise again.',
    );
  }
  return Math.min(obtainedAt, now);
};

/** Why a grant as it is may not be replaced. */
export const generationObjection = (
  previous: Grant | undefined,
  ifGeneration: number | undefined,
): KeeperError | undefined =>
  previous?.generation === ifGeneration
    ? undefined
    : new KeeperError(
        'generation-mismatch',
        previous === undefined
          ? 'There is no such grant to replace. Leave If-Match out to create it.'
          : `The grant exists with generation ${previous.generation}. To replace its tokens send If-Match: ${previous.generation}.`,
      );

export const checkGeneration = (previous: Grant | undefined, ifGeneration: number | undefined): void => {
  const objection = generationObjection(previous, ifGeneration);
  if (objection !== undefined) throw objection;
};

/** The same response again. Under another app it is a correction: by the wrong one its tokens were never rotated. */
const isSameImport = (grant: Grant, { importHash, app = grant.app }: Import): boolean =>
  grant.importHash === importHash && grant.app === app;

const finish = async (
  context: Context,
  stored: Stored<Grant>,
  kind: PutOutcome['kind'],
): Promise<PutOutcome> => {
  const { value: grant } = stored.value.claimed ? stored : await confirmClaim(context, stored);
  if (!grant.claimed && grant.connectionId === stored.value.connectionId) {
    throw ownerAlreadyConnected(grant.ownerId);
  }
  return { kind, grant };
};

/**
 * Throws {@link KeeperError}: `invalid-request`, `generation-mismatch`, `owner-already-connected`. Importing the response that a
 * connection began with changes nothing, however often the tokens were rotated since.
 */
export const putGrant = async (context: Context, grantId: string, input: Import): Promise<PutOutcome> => {
  const { store, randomness, observe } = context;
  const before = await store.grants.get(grantId);
  if (before !== undefined && isSameImport(before.value, input)) return finish(context, before, 'unchanged');
  checkGeneration(before?.value, input.ifGeneration);
  const app = await chooseApp(context, input.app ?? before?.value.app);
  const obtainedAt = checkLifetimes(input, context);
  const { ownerId } = input.response;
  await claimOwner(context, { app: app.name, ownerId, grantId });
  const connection: writes.Connection = {
    grantId,
    connectionId: randomness.id(),
    strategy: input.strategy ?? before?.value.strategy ?? 'weekly',
    app: app.name,
    server: app.server,
    clientId: app.clientId,
    ownerId,
    importHash: input.importHash,
    response: input.response,
    obtainedAt,
    ...(input.label !== undefined && { label: input.label }),
  };
  const jitter = randomness.fraction();
  const { written, stored } = await update(
    store.grants,
    grantId,
    current => {
      if (current !== undefined && isSameImport(current, input)) return undefined;
      checkGeneration(current, input.ifGeneration);
      return writes.connect(current, connection, jitter, momentOf(context));
    },
    before,
  );
  if (stored === undefined) throw new Error('a grant that was put is always stored');
  if (!written) return finish(context, stored, 'unchanged');
  observe({ type: 'connected', grantId, generation: stored.value.generation });
  return finish(context, stored, before === undefined ? 'created' : 'replaced');
};
