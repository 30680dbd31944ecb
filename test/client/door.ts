/** Both ways in to the sandbox's api handler, as the AWS SDK and HTTP see them; and a switch that makes it unreachable. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseTarget } from '../../sandbox/aws/lambda-endpoint.ts';
import type { Sandbox } from '../system/sandbox.ts';

export type Door = {
  readonly url: string;
  /** What a consumer's environment has: the way in, and where the AWS SDK finds it here. */
  readonly variables: Readonly<Record<string, string>>;
  /** Actions and routes, as they were asked for. */
  readonly asked: string[];
  /** How many of the next connections are cut. */
  cut: number;
  close(): void;
};

export const aliasArn = (alias: string): string =>
  `arn:aws:lambda:us-east-1:123456789012:function:ringbearer-api:${alias}`;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
};

const answer = async (sandbox: Sandbox, request: IncomingMessage, asked: string[]) => {
  const { method = 'GET', url = '/', headers } = request;
  const body = await bodyOf(request);
  const target = parseTarget(url);
  if (target !== undefined) {
    const event = JSON.parse(body) as { action: string };
    asked.push(event.action);
    return { status: 200, body: JSON.stringify(await sandbox.direct(target.qualifier, event)) };
  }
  const { pathname, searchParams } = new URL(url, 'http://door');
  asked.push(`${method} ${pathname}`);
  if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
    return { status: 403, body: '{"message":"Forbidden"}' };
  const answered = await sandbox.http(method, pathname, {
    ...(searchParams.size > 0 && { query: Object.fromEntries(searchParams) }),
    ...(body !== '' && { rawBody: body }),
  });
  return { status: answered.status, body: JSON.stringify(answered.body) };
};

export const openDoor = async (sandbox: Sandbox): Promise<Door> => {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    if (door.cut > 0) {
      door.cut -= 1;
      return void request.socket.destroy();
    }
    const { status, body } = await answer(sandbox, request, asked);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door: Door = {
    url,
    variables: {
      AWS_ENDPOINT_URL_LAMBDA: url,
      RINGBEARER_FUNCTION: aliasArn('get'),
      RINGBEARER_REVOKE_FUNCTION: aliasArn('revoke'),
    },
    asked,
    cut: 0,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return door;
};
