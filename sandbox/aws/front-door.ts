/** The one port of the local run: the HTTP APIs in front of the api function and of the connect function, and Lambda's invoke endpoint. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpAlias } from '../../functions/api/routes.ts';
import { UsageError } from '../usage-error.ts';
import type { FunctionPool } from './function-pool.ts';
import { FunctionError } from './function-process.ts';
import { type GatewayRoute, matchApiRoute, matchConnectRoute } from './gateway-route.ts';
import {
  gatewayMessage,
  type HttpRequest,
  type HttpResponse,
  splitTarget,
  toHttpEvent,
  toHttpResponse,
} from './http-event.ts';
import { answerLambda, type Functions, isLambdaPath } from './lambda-endpoint.ts';

export type Served = {
  readonly method: string;
  /** Without its query, which may carry a cursor. */
  readonly path: string;
  readonly status: number;
  readonly tookMs: number;
};

/** What answers requests; until it is known they are told to come back. */
export type Behind = {
  readonly api: FunctionPool;
  readonly connect: FunctionPool;
  readonly functions: Functions;
  readonly onServed: (served: Served) => void;
};

export type FrontDoor = {
  readonly url: string;
  open(behind: Behind): void;
  /** Takes no new requests, and ends when those under way are answered or `cut` was called. */
  close(): Promise<void>;
  cut(): void;
};

/** API Gateway's own limit. */
const maxBodyBytes = 10 * 1024 * 1024;

/** `undefined`: too long. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    // What is too long is read on for a while, unkept, so that the client is there for the answer.
    if (bytes <= maxBodyBytes) chunks.push(chunk as Buffer);
    if (bytes > 10 * maxBodyBytes) request.destroy();
  }
  return bytes > maxBodyBytes ? undefined : Buffer.concat(chunks);
};

/** As API Gateway reports a function that failed or took too long. */
const answerHttp = async (
  pool: FunctionPool,
  alias: string | undefined,
  route: GatewayRoute,
  request: HttpRequest,
): Promise<HttpResponse> => {
  try {
    return toHttpResponse(await pool.invoke(toHttpEvent(request, route, Date.now()), alias));
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    const unavailable = ['Sandbox.Timedout', 'TooManyRequestsException', 'ServiceException'];
    return unavailable.includes(error.type)
      ? gatewayMessage(503, 'Service Unavailable')
      : gatewayMessage(500, 'Internal Server Error');
  }
};

/** Deployed it has a host name of its own; here it shares one, and has these paths. */
const isConnectPath = (path: string): boolean => path.startsWith('/connect/') || path.startsWith('/oauth/');

const answer = (behind: Behind | undefined, request: HttpRequest): Promise<HttpResponse> | HttpResponse => {
  if (behind === undefined) return gatewayMessage(503, 'Service Unavailable');
  if (isLambdaPath(request.target)) return answerLambda(behind.functions, request);
  const { path } = splitTarget(request.target);
  if (!isConnectPath(path)) {
    return answerHttp(behind.api, httpAlias, matchApiRoute(request.method, path), request);
  }
  const route = matchConnectRoute(request.method, path);
  return route === undefined
    ? gatewayMessage(404, 'Not Found')
    : answerHttp(behind.connect, undefined, route, request);
};

const handle = async (
  behind: Behind | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  const startedAt = performance.now();
  const { method = 'GET', url: target = '/', headersDistinct: headers, socket } = incoming;
  const body = await readBody(incoming);
  const response =
    body === undefined
      ? gatewayMessage(413, 'Request Entity Too Large')
      : await answer(behind, { method, target, headers, body, sourceIp: socket.remoteAddress ?? '' });
  outgoing.writeHead(response.status, response.headers);
  outgoing.end(response.body);
  const path = target.split('?')[0] ?? target;
  behind?.onServed({ method, path, status: response.status, tookMs: performance.now() - startedAt });
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new UsageError(
              `--port: port ${port} of 127.0.0.1 ${error.code === 'EACCES' ? 'is not allowed' : 'is in use'}: choose another, or 0 for any free one`,
            )
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

/** Throws {@link UsageError} where the port cannot be had. */
export const openFrontDoor = async (port: number): Promise<FrontDoor> => {
  let behind: Behind | undefined;
  const server = createServer((incoming, outgoing) => {
    handle(behind, incoming, outgoing).catch(() => outgoing.destroy());
  });
  const url = `http://127.0.0.1:${await listen(server, port)}`;
  return {
    url,
    open: next => {
      behind = next;
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    cut: () => server.closeAllConnections(),
  };
};
