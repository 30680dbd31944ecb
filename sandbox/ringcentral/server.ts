/** The provider behind HTTP: RingCentral's endpoints, `/simulator`, faults, and the only timers of the simulator. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { administer } from './admin.ts';
import { type Answer, html, json } from './answers.ts';
import type { AuthRequest } from './arrival.ts';
import { errorPage } from './consent-page.ts';
import { deliver, type Work } from './deliver.ts';
import { createFaultQueue, type FaultEndpoint, type FaultQueue } from './faults.ts';
import { createProvider, type Provider } from './provider.ts';
import { loadSnapshot, saveSnapshot } from './snapshot-file.ts';
import type { ProviderOptions } from './state.ts';

export type SimulatorOptions = ProviderOptions & {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. The admin surface asks nobody who he is: keep it on this machine. */
  readonly host?: string;
  /** Where to keep the provider's memory over restarts; written before every answer that depends on it. Default: nowhere. */
  readonly dataFile?: string;
};

export type Simulator = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly provider: Provider;
  readonly faults: FaultQueue;
  /** Cuts every connection, and ends when the port is free. */
  readonly close: () => Promise<void>;
};

const maxBodyBytes = 64 * 1024;

/** `undefined`: too large. */
const readBody = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    // Read to the end all the same, so that the client is there for the answer.
    if (bytes <= maxBodyBytes) chunks.push(chunk as Buffer);
    if (bytes > 16 * maxBodyBytes) request.destroy();
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks).toString('utf8');
};

type Received = { readonly request: IncomingMessage; readonly url: URL; readonly body: string };
type Job = {
  readonly work: Work;
  readonly endpoint?: FaultEndpoint;
  readonly ownerId?: string;
  readonly faulted?: (kind: string) => void;
};

const plain = (process: () => Answer): Work => ({ process, settle: () => {} });

const authJob = (provider: Provider, endpoint: 'token' | 'revoke', { request, body }: Received): Job => {
  const { authorization, 'content-type': contentType } = request.headers;
  const authRequest: AuthRequest = {
    endpoint,
    body,
    ...(authorization === undefined ? {} : { authorization }),
    ...(contentType === undefined ? {} : { contentType }),
  };
  const exchange = provider.arrive(authRequest);
  const { ownerId, faulted } = exchange;
  return { work: exchange, endpoint, faulted, ...(ownerId === undefined ? {} : { ownerId }) };
};

const resourceJob = (provider: Provider, { request, url }: Received): Job => {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer ?? url.searchParams.get('access_token') ?? undefined;
  const ownerId = token === undefined ? undefined : provider.ownerOfToken(token);
  const work = plain(() => provider.readExtension(token));
  return { work, endpoint: 'resource', ...(ownerId === undefined ? {} : { ownerId }) };
};

const decisionJob = (provider: Provider, { body }: Received): Job => {
  const form = new URLSearchParams(body);
  const ownerId = form.get('owner_id');
  const work = plain(() => provider.decide(form));
  return { work, endpoint: 'authorize', ...(ownerId === null ? {} : { ownerId }) };
};

const notFound = (): Answer =>
  json(404, {
    errorCode: 'CMN-102',
    message: 'Resource not found',
    errors: [{ errorCode: 'CMN-102', message: 'Resource not found' }],
  });

const route = (provider: Provider, faults: FaultQueue, received: Received): Job => {
  const { url, body } = received;
  const method = received.request.method ?? 'GET';
  switch (`${method} ${url.pathname}`) {
    case 'POST /restapi/oauth/token':
      return authJob(provider, 'token', received);
    case 'POST /restapi/oauth/revoke':
      return authJob(provider, 'revoke', received);
    case 'GET /restapi/oauth/authorize':
      return { work: plain(() => provider.showConsent(url.searchParams)), endpoint: 'authorize' };
    case 'POST /restapi/oauth/authorize':
      return decisionJob(provider, received);
    case 'GET /restapi/v1.0/account/~/extension/~':
      return resourceJob(provider, received);
  }
  const isAdmin = url.pathname === '/simulator' || url.pathname.startsWith('/simulator/');
  return {
    work: plain(
      isAdmin ? () => administer(provider, faults, { method, path: url.pathname, body }) : notFound,
    ),
  };
};

const receive = async (request: IncomingMessage, response: ServerResponse): Promise<Received | undefined> => {
  const body = await readBody(request);
  const url = URL.parse(request.url ?? '/', 'http://simulator');
  if (body !== undefined && url !== null) return { request, url, body };
  const { status, headers, body: page } = html(body === undefined ? 413 : 400, errorPage('Request refused'));
  response.writeHead(status, { ...headers, connection: 'close' }).end(page);
  return undefined;
};

/** A client that has left, or the simulator's own closing: nobody is there to be told. Anything else is a bug here. */
const isGone = (error: unknown): boolean => {
  const { name, code } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE';
};

const fail = (response: ServerResponse, error: unknown): void => {
  if (!isGone(error)) console.error(error);
  if (isGone(error) || response.headersSent) response.destroy();
  else response.writeHead(500).end();
};

const listen = async (server: Server, port: number, host: string): Promise<string> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
};

/** Starts the simulator; it listens when the promise fulfils. */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const { dataFile, port = 0, host = '127.0.0.1' } = options;
  const provider = createProvider(options, dataFile === undefined ? undefined : loadSnapshot(dataFile));
  const faults = createFaultQueue();
  const closing = new AbortController();
  let savedRevision = provider.revision();
  const save = () => {
    if (dataFile === undefined || provider.revision() === savedRevision) return;
    savedRevision = provider.revision();
    saveSnapshot(dataFile, provider.snapshot());
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const received = await receive(request, response);
    if (received === undefined) return;
    const { work, endpoint, ownerId, faulted } = route(provider, faults, received);
    const fault = endpoint && faults.take(endpoint, ownerId);
    if (fault !== undefined) {
      faulted?.(fault.kind);
      options.onEvent?.({
        type: 'faulted',
        at: (options.clock ?? Date.now)(),
        endpoint: fault.endpoint,
        fault: fault.kind,
        ...(ownerId === undefined ? {} : { ownerId }),
      });
    }
    await deliver(response, work, fault, { signal: closing.signal, beforeAnswer: save });
  };
  const server = createServer(
    (request, response) => void handle(request, response).catch(error => fail(response, error)),
  );
  const url = await listen(server, port, host);
  return {
    url,
    provider,
    faults,
    close: async () => {
      closing.abort();
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      save();
    },
  };
};
