/** Puts the keeper together from the environment: the only place where adapters, clock and randomness meet. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createApps } from './adapters/apps.ts';
import { createEventSink } from './adapters/event-sink.ts';
import { createGrantStore } from './adapters/grant-store.ts';
import { createTokenEndpoint } from './adapters/token-endpoint.ts';
import type { Settings } from './domain/settings.ts';
import { readEnvironment } from './environment.ts';
import { createKeeper, type Keeper } from './keeper/keeper.ts';
import type { Clock } from './keeper/ports.ts';
import { observe } from './telemetry.ts';

const clock: Clock = { now: Date.now, sleep: ms => setTimeout(ms) };

/** Three tries of two seconds and the pauses between them fit into the default `commitBudgetMs`. */
const clientOptions = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 1000,
    requestTimeout: 2000,
    throwOnRequestTimeout: true,
    // `requestTimeout` ends with the headers: an answer that stops in its middle would be waited for without end.
    socketTimeout: 2000,
  },
};

/** Time at the end of an invocation that is left to logs and metrics. */
const closingMs = 500;

export type Runtime = {
  readonly keeper: Keeper;
  readonly settings: Settings;
  readonly now: () => number;
  /** The keeper's deadline for an invocation that Lambda ends in `remainingMs`. */
  readonly deadlineAt: (remainingMs: number) => number;
};

/** Throws `ConfigurationError` where the environment is incomplete or could lose a token. */
export const createRuntime = (variables: NodeJS.ProcessEnv = process.env): Runtime => {
  const { tableName, appsSecretId, settings } = readEnvironment(variables);
  const keeper = createKeeper({
    store: createGrantStore(new DynamoDBClient(clientOptions), tableName, randomUUID),
    apps: createApps(new SecretsManagerClient(clientOptions), appsSecretId, settings.appsCacheMs, clock),
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
    now: clock.now,
    deadlineAt: remainingMs => clock.now() + remainingMs - closingMs,
  };
};
