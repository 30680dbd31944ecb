/** A grant of a JWT credential: minted, its owner learnt, and its short session prolonged. */
import type { Grant, Stored, Strategy } from '../domain/grant.ts';
import { type Credential, mintTtls } from '../domain/mint.ts';
import type { RequestedTtls } from '../domain/tokens.ts';
import type * as writes from '../domain/writes.ts';
import { type Context, fitsBefore } from './attempt.ts';
import { confirmClaim, ownerAlreadyConnected } from './claims.ts';
import { KeeperError } from './errors.ts';
import { keepSession, withOwner } from './keep-session.ts';
import { mint } from './means.ts';
import { takeTurn } from './mint-turn.ts';
import { type Asked, checkHolds, noTokens, type Obtained } from './new-session.ts';
import { checkGeneration, chooseApp, generationObjection, type PutOutcome } from './put-grant.ts';
import { refresh } from './refresh.ts';

export type MintRequest = {
  /** Name of the JWT credential. */
  readonly credential: string;
  /** For a grant that has none yet; it stays the same with every mint. */
  readonly endpointId: string;
  readonly ttls: RequestedTtls;
  readonly strategy?: Strategy;
  readonly label?: string;
  /** The generation that may be replaced. */
  readonly ifGeneration?: number;
};

const readCredentials = async ({ credentials }: Context): Promise<readonly Credential[]> => {
  try {
    return await credentials.all({ fresh: true });
  } catch (error) {
    const { name, message } = error as Error;
    throw new KeeperError(
      'misconfigured',
      name === 'ConfigurationError' ? message : `The JWT secret cannot be read (${name}).`,
    );
  }
};

const chooseCredential = async (context: Context, name: string): Promise<Credential> => {
  const configured = await readCredentials(context);
  const credential = configured.find(candidate => candidate.name === name);
  if (credential !== undefined) return credential;
  const names = configured.map(candidate => candidate.name).join(', ') || 'none';
  throw new KeeperError(
    'invalid-request',
    `There is no credential of that name in the JWT secret. Configured: ${names}.`,
  );
};

const livesBy = (grant: Grant | undefined, credential: string): boolean =>
  grant?.state === 'active' && grant.credential === credential;

const unchanged = async (context: Context, stored: Stored<Grant>): Promise<PutOutcome> => {
  const { value: grant } = stored.value.claimed ? stored : await confirmClaim(context, stored);
  if (!grant.claimed) throw ownerAlreadyConnected(grant.ownerId);
  return { kind: 'unchanged', grant };
};

const connectionOf = (
  { app, grantId }: Asked,
  { credential, ttls, strategy, label }: MintRequest,
  { response, obtainedAt, connectionId }: Obtained,
  endpointId: string,
  current: Grant | undefined,
): writes.Connection => ({
  grantId,
  connectionId,
  startedBy: connectionId,
  credential,
  mintedAt: obtainedAt,
  strategy: strategy ?? current?.strategy ?? 'weekly',
  app: app.name,
  server: app.server,
  clientId: app.clientId,
  ownerId: response.ownerId,
  response: { ...response, endpointId: response.endpointId ?? endpointId },
  obtainedAt,
  ...ttls,
  ...(label !== undefined && { label }),
});

/** An answer without tokens means that nothing was minted, unless it is not known. */
const obtain = async (
  context: Context,
  asked: Asked,
  credential: Credential,
  { ttls }: MintRequest,
  endpointId: string,
  before: Stored<Grant> | undefined,
): Promise<Obtained> => {
  const { clock, settings, randomness } = context;
  const giveBack = await takeTurn(context, credential.name, ttls, before);
  const obtainedAt = clock.now();
  const answer = await mint(
    context,
    asked.app,
    credential,
    { endpointId, ttls: mintTtls(ttls, settings) },
    () => fitsBefore(context, asked.deadlineAt),
  );
  if (answer.kind === 'rotated') {
    const response = await withOwner(context, asked, answer.response);
    return { response, obtainedAt, connectionId: randomness.id() };
  }
  // If it cannot be given back, the next request is told to wait.
  if (answer.kind !== 'unknown') await giveBack().catch(() => undefined);
  if (answer.kind !== 'refused') throw await noTokens(context, asked, answer);
  throw new KeeperError(
    'credential-refused',
    `RingCentral does not take the credential "${credential.name}" (${answer.code}). Put a good one into the JWT secret.`,
  );
};

/** The session is stored: what cannot be done now is the sweep's to do. */
const prolong = async (context: Context, stored: Stored<Grant>, deadlineAt: number): Promise<Grant> => {
  try {
    const outcome = await refresh(context, stored, { kind: 'due' }, deadlineAt);
    if (outcome.kind === 'refreshed') return outcome.stored.value;
  } catch (error) {
    context.observe({ type: 'failed', grantId: stored.value.grantId, error: (error as Error).name });
  }
  return stored.value;
};

/**
 * Throws {@link KeeperError}: `invalid-request`, `credential-refused`, `generation-mismatch`, `owner-already-connected`,
 * `provider-unavailable`, `misconfigured`. Asking again for what is there changes nothing and asks nothing of the provider.
 */
export const mintGrant = async (
  context: Context,
  grantId: string,
  request: MintRequest,
  deadlineAt: number,
): Promise<PutOutcome> => {
  const before = await context.store.grants.get(grantId);
  if (before !== undefined && livesBy(before.value, request.credential)) return unchanged(context, before);
  checkGeneration(before?.value, request.ifGeneration);
  const credential = await chooseCredential(context, request.credential);
  const app = await chooseApp(context, credential.app);
  if (!fitsBefore(context, deadlineAt)) {
    throw new KeeperError('provider-unavailable', 'There is too little time left. Ask again.', 1000);
  }
  await checkHolds(context, app, before?.value);
  const asked: Asked = { app, grantId, deadlineAt };
  const endpointId = before?.value.endpointId ?? request.endpointId;
  const obtained = await obtain(context, asked, credential, request, endpointId, before);
  const { connectionId } = obtained;
  const stored = await keepSession(context, asked, obtained, before, {
    objection: current =>
      current?.connectionId === connectionId || livesBy(current, request.credential)
        ? undefined
        : generationObjection(current, request.ifGeneration),
    connectionOf: current => connectionOf(asked, request, obtained, endpointId, current),
  });
  if (stored.value.connectionId !== connectionId) return { kind: 'unchanged', grant: stored.value };
  const grant = await prolong(context, stored, deadlineAt);
  return { kind: before === undefined ? 'created' : 'replaced', grant };
};
