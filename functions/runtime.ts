/** Puts the keeper together from the environment: the only place where adapters, clock and randomness meet. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createApps } from './adapters/apps.ts';
import { createCredentials } from './adapters/credentials.ts';
import { createEventSink } from './adapters/event-sink.ts';
import { createGrantStore } from './adapters/grant-store.ts';
import { createLinks } from './adapters/links.ts';
import { createTokenEndpoint } from './adapters/token-endpoint.ts';
import { clientOptions } from './client-options.ts';
import type { Link } from './domain/link.ts';
import type { Settings } from './domain/settings.ts';
import { type ConnectEnvironment, readEnvironment } from './environment.ts';
import { createKeeper, type Keeper } from './keeper/keeper.ts';
import type { Clock, Records } from './keeper/ports.ts';
import { observe } from './telemetry.ts';

const clock: Clock = { now: Date.now, sleep: ms => setTimeout(ms) };

/** Time at the end of an invocation that is left to logs and metrics. */
const closingMs = 500;

export type Runtime = {
  readonly keeper: Keeper;
  readonly settings: Settings;
  /** Connect links, and where they lead; absent where there is no connect function. */
  readonly connect?: ConnectEnvironment & { readonly links: Records<Link> };
  readonly now: () => number;
  /** The keeper's deadline for an invocation that Lambda ends in `remainingMs`. */
  readonly deadlineAt: (remainingMs: number) => number;
};

/** Throws `ConfigurationError` where the environment is incomplete or could lose a token. */
export const createRuntime = (variables: NodeJS.ProcessEnv = process.env): Runtime => {
  const { tableName, appsSecretId, jwtSecretId, settings, connect } = readEnvironment(variables);
  const database = new DynamoDBClient(clientOptions);
  const secrets = new SecretsManagerClient(clientOptions);
  const keeper = createKeeper({
    store: createGrantStore(database, tableName, randomUUID),
    apps: createApps(secrets, appsSecretId, settings.appsCacheMs, clock),
    credentials: createCredentials(secrets, jwtSecretId, settings.appsCacheMs, clock),
    tokenEndpoint: createTokenEndpoint(settings.providerTimeoutMs, clock),
    events: createEventSink(new EventBridgeClient(clientOptions), clock),
    randomness: { id: randomUUID, fraction: Math.random },
    clock,
    observe,
    settings,
  });
  return {
    keeper,
    settings,
    ...(connect && { connect: { ...connect, links: createLinks(database, tableName, randomUUID) } }),
    now: clock.now,
    deadlineAt: remainingMs => clock.now() + remainingMs - closingMs,
  };
};
