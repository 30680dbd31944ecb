/** Secrets Manager and EventBridge, as far as the functions use them. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtSecretId } from './environment.ts';

export type LocalEvent = {
  readonly source: string;
  readonly type: string;
  readonly detail: unknown;
};

export type LocalAws = {
  /** Endpoint for `AWS_ENDPOINT_URL_SECRETS_MANAGER` and `AWS_ENDPOINT_URL_EVENTBRIDGE`. */
  readonly url: string;
  readonly events: readonly LocalEvent[];
  /** While true, PutEvents fails. */
  eventsFail: boolean;
  setSecret(name: string, value: string): void;
  close(): Promise<void>;
};

type Answer = { readonly status: number; readonly body: unknown };

const maxKeptEvents = 1000;

const readJson = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
};

type Entry = { Source?: string; DetailType?: string; Detail?: string };

/** `onEvent`: called for each event that was sent. */
export const startAws = async (onEvent?: (event: LocalEvent) => void): Promise<LocalAws> => {
  const secrets = new Map([[jwtSecretId, JSON.stringify({ credentials: [] })]]);
  const events: LocalEvent[] = [];
  const state = { eventsFail: false };

  const getSecretValue = ({ SecretId }: Record<string, unknown>): Answer => {
    const value = secrets.get(String(SecretId));
    return value === undefined
      ? { status: 400, body: { __type: 'ResourceNotFoundException', message: 'no such secret' } }
      : {
          status: 200,
          body: { ARN: SecretId, Name: SecretId, VersionId: randomUUID(), SecretString: value },
        };
  };

  const putEvents = ({ Entries }: Record<string, unknown>): Answer => {
    if (state.eventsFail) return { status: 500, body: { __type: 'InternalException' } };
    const entries = (Entries as Entry[]).map(({ Source = '', DetailType = '', Detail = '{}' }) => ({
      source: Source,
      type: DetailType,
      detail: JSON.parse(Detail) as unknown,
    }));
    for (const event of entries) {
      events.push(event);
      onEvent?.(event);
    }
    events.splice(0, Math.max(0, events.length - maxKeptEvents));
    return {
      status: 200,
      body: { FailedEntryCount: 0, Entries: entries.map(() => ({ EventId: randomUUID() })) },
    };
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const input = await readJson(request);
    switch (request.headers['x-amz-target']) {
      case 'secretsmanager.GetSecretValue':
        return getSecretValue(input);
      case 'AWSEvents.PutEvents':
        return putEvents(input);
      default:
        return { status: 400, body: { __type: 'UnknownOperationException' } };
    }
  };

  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request).catch(() => ({ status: 400, body: {} }));
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    get eventsFail() {
      return state.eventsFail;
    },
    set eventsFail(fail) {
      state.eventsFail = fail;
    },
    setSecret: (name, value) => {
      secrets.set(name, value);
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
