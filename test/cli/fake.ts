/** AWS as far as a test scripts it: one port for Lambda's endpoint and for the services that `AWS_ENDPOINT_URL_…` points to. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseTarget } from '../../sandbox/aws/lambda-endpoint.ts';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};
export type Answer = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
};

export type Fake = {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

export const startFake = async (answer: (asked: Asked) => Answer | Promise<Answer>): Promise<Fake> => {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: await bodyOf(request) };
    asked.push(one);
    const { status = 200, headers: more = {}, body } = await answer(one);
    response.writeHead(status, { 'content-type': 'application/json', ...more });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export type Invocation = {
  readonly name: string;
  readonly alias: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests read requests of any shape
  readonly event: any;
};

/** What an invocation of Lambda asks for. */
export const invocationOf = ({ path, body }: Asked): Invocation => {
  const { name = '', qualifier } = parseTarget(path) ?? {};
  return { name, alias: qualifier, event: JSON.parse(body || '{}') };
};

export const good = (result: unknown): Answer => ({ body: { ok: true, result } });
export const problem = (code: string, detail: string, more: object = {}): Answer => ({
  body: {
    ok: false,
    error: { type: `urn:ringbearer:problem:${code}`, title: code, status: 400, code, detail, ...more },
  },
});
export const awsError = (status: number, type: string, message = type): Answer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: { __type: type, message },
});
