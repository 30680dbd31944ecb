/** A keeper among scripted neighbours, on a clock of its own. */
import type { RevokeAnswer, TokenAnswer } from '../../functions/domain/answer.ts';
import type { App } from '../../functions/domain/app.ts';
import type { Grant } from '../../functions/domain/grant.ts';
import { laneCount } from '../../functions/domain/lane.ts';
import type { Credential } from '../../functions/domain/mint.ts';
import { defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import type { RequestedTtls } from '../../functions/domain/tokens.ts';
import type { Fact } from '../../functions/keeper/facts.ts';
import { createKeeper, type Keeper } from '../../functions/keeper/keeper.ts';
import type { CodeExchange, GrantEvent, Mint, Ports } from '../../functions/keeper/ports.ts';
import type { SweepReport, SweepRequest } from '../../functions/keeper/sweep.ts';
import { activeGrant, hour, start } from '../domain/grants.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

export type Call = {
  readonly kind: 'refresh' | 'exchange' | 'mint' | 'revoke';
  readonly token: string;
  readonly clientSecret: string | undefined;
  readonly at: number;
};

export type World = {
  readonly keeper: Keeper;
  readonly store: MemoryStore;
  readonly facts: Fact[];
  readonly events: GrantEvent[];
  /** Every request that reached the provider. */
  readonly calls: Call[];
  now: number;
  apps: readonly App[] | Error;
  /** What a read of the apps returns; by default `apps`, or the error that it is. */
  readApps: (fresh: boolean) => readonly App[];
  credentials: readonly Credential[] | Error;
  readCredentials: (fresh: boolean) => readonly Credential[];
  eventsFail: boolean;
  /** By how much of what is possible a refresh is brought forward. */
  fraction: () => number;
  /** What the provider answers; by default it rotates, ends every session, and answers no question for a new one. */
  onRefresh: (token: string, app: App, ttls: RequestedTtls) => TokenAnswer | Promise<TokenAnswer>;
  onExchange: (exchange: CodeExchange, app: App) => TokenAnswer | Promise<TokenAnswer>;
  onMint: (mint: Mint, app: App) => TokenAnswer | Promise<TokenAnswer>;
  onRevoke: (token: string, app: App) => RevokeAnswer | Promise<RevokeAnswer>;
  /** Called whenever the keeper sleeps, after the time has passed. */
  onSleep: () => void;
  grant(grantId?: string): Grant;
  /** What another process would be given: the same store, provider and clock. */
  ports(): Ports;
  /** A second keeper (another process) on the same store and provider. */
  another(): Keeper;
  sweep(request?: Partial<SweepRequest>): Promise<SweepReport>;
  getToken(grantId?: string, rejectedGeneration?: number): ReturnType<Keeper['getToken']>;
};

export const app: App = {
  name: 'main',
  server: activeGrant.server,
  clientId: activeGrant.clientId,
  clientSecret: 'secret',
};

export const rotated = (generation: number): TokenAnswer => ({
  kind: 'rotated',
  response: {
    accessToken: `access-${generation}`,
    tokenType: 'bearer',
    accessLifetimeMs: hour,
    refreshToken: `refresh-${generation}`,
    refreshLifetimeMs: 7 * 24 * hour,
  },
});

/** `refresh-7` → the answer that brings `refresh-8`: presented again, it answers the same, as RingCentral does in its window. */
const replaying = (token: string): TokenAnswer => rotated(Number(token.split('-')[1]) + 1);

export const everyLane = Array.from({ length: laneCount }, (_, lane) => lane);

export const createWorld = (overrides: Partial<Settings> = {}): World => {
  const settings = { ...defaultSettings, ...overrides };
  const store = createMemoryStore();
  let ids = 0;
  const ports = (): Ports => ({
    store,
    settings,
    clock: {
      now: () => world.now,
      sleep: async ms => {
        world.now += ms;
        world.onSleep();
        await Promise.resolve();
      },
    },
    randomness: { id: () => `id-${++ids}`, fraction: () => world.fraction() },
    observe: fact => world.facts.push(fact),
    apps: {
      all: async ({ fresh = false } = {}) => world.readApps(fresh),
    },
    credentials: {
      all: async ({ fresh = false } = {}) => world.readCredentials(fresh),
    },
    events: {
      publish: async event => {
        if (world.eventsFail) return false;
        world.events.push(event);
        return true;
      },
    },
    tokenEndpoint: {
      refresh: async (current, token, ttls = {}) => {
        world.calls.push({ kind: 'refresh', token, clientSecret: current.clientSecret, at: world.now });
        return world.onRefresh(token, current, ttls);
      },
      exchange: async (current, exchange) => {
        world.calls.push({
          kind: 'exchange',
          token: exchange.code,
          clientSecret: current.clientSecret,
          at: world.now,
        });
        return world.onExchange(exchange, current);
      },
      mint: async (current, mint) => {
        world.calls.push({
          kind: 'mint',
          token: mint.assertion,
          clientSecret: current.clientSecret,
          at: world.now,
        });
        return world.onMint(mint, current);
      },
      revoke: async (current, token) => {
        world.calls.push({ kind: 'revoke', token, clientSecret: current.clientSecret, at: world.now });
        return world.onRevoke(token, current);
      },
    },
  });
  const world: World = {
    keeper: undefined as unknown as Keeper,
    store,
    facts: [],
    events: [],
    calls: [],
    now: start,
    apps: [app],
    readApps: () => {
      const { apps } = world;
      if (apps instanceof Error) throw apps;
      return apps;
    },
    credentials: [],
    readCredentials: () => {
      const { credentials } = world;
      if (credentials instanceof Error) throw credentials;
      return credentials;
    },
    eventsFail: false,
    fraction: () => 0,
    onRefresh: replaying,
    onExchange: () => ({ kind: 'unknown', code: 'no-answer' }),
    onMint: () => ({ kind: 'unknown', code: 'no-answer' }),
    onRevoke: () => ({ kind: 'ended' }),
    onSleep: () => {},
    grant: (grantId = activeGrant.grantId) => {
      const stored = store.stored.grants.get(grantId);
      if (stored === undefined) throw new Error(`no grant ${grantId}`);
      return stored.value;
    },
    ports,
    another: () => createKeeper(ports()),
    sweep: request =>
      world.keeper.sweep({ lanes: everyLane, dryRun: false, deadlineAt: world.now + hour, ...request }),
    getToken: (grantId = activeGrant.grantId, rejectedGeneration) =>
      world.keeper.getToken(
        grantId,
        { minTtlMs: 0, ...(rejectedGeneration !== undefined && { rejectedGeneration }) },
        world.now + 29_000,
      ),
  };
  Object.assign(world, { keeper: createKeeper(ports()) });
  return world;
};
