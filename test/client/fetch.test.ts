import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenClient, ReauthorizationRequired, type TokenAnswer } from '../../client/index.ts';
import { fakeClock, refused, scripted, served } from './fake.ts';

type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: string };
type Answer = (seen: Seen, response: ServerResponse) => void;

const startServer = async () => {
  const seen: Seen[] = [];
  const behaviour: { answer: Answer } = { answer: (_, response) => response.end('ok') };
  const server: Server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    let body = '';
    for await (const chunk of request) body += chunk;
    const entry = { method, path, headers, body };
    seen.push(entry);
    behaviour.answer(entry, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, behaviour, close: () => server.close() };
};

const id = 'acme:101';
/** Takes this token and no other. */
const only =
  (generation: number): Answer =>
  ({ headers }, response) => {
    const valid = headers.authorization === `Bearer token-${generation}`;
    response.writeHead(valid ? 200 : 401, { 'content-type': 'application/json' });
    response.end(valid ? '"ok"' : '{"errorCode":"OAU-213"}');
  };

let ringCentral: Awaited<ReturnType<typeof startServer>>;
let other: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  [ringCentral, other] = await Promise.all([startServer(), startServer()]);
});
afterAll(() => {
  ringCentral.close();
  other.close();
});
beforeEach(() => {
  for (const server of [ringCentral, other]) {
    server.seen.length = 0;
    server.behaviour.answer = (_, response) => response.end('ok');
  }
});

const clientOf = (answers: TokenAnswer[], origins: string[] = []) => {
  const { transport, requests } = scripted(...answers);
  return { client: createTokenClient({ transport, clock: fakeClock(), origins }), requests };
};
const token = (generation: number) => served(generation, { server: ringCentral.url });

describe('a request', () => {
  it('goes to the server of the grant, with its token in place of any other and all else as given', async () => {
    const { client } = clientOf([token(1)]);
    const response = await client.fetch(id, '/restapi/v1.0/account/~?view=Simple', {
      method: 'POST',
      headers: { Authorization: 'Basic x', 'X-Own': 'kept', 'content-type': 'text/plain' },
      body: 'hello',
    });
    expect(await response.text()).toBe('ok');
    expect(ringCentral.seen).toMatchObject([
      {
        method: 'POST',
        path: '/restapi/v1.0/account/~?view=Simple',
        headers: { authorization: 'Bearer token-1', 'x-own': 'kept', 'content-type': 'text/plain' },
        body: 'hello',
      },
    ]);
  });

  it.each([
    ['a URL', () => new URL('/path', ringCentral.url)],
    ['a whole address', () => `${ringCentral.url}/path`],
    ['a Request', () => new Request(`${ringCentral.url}/path`, { headers: { 'x-own': 'kept' } })],
  ])('may be %s on that server', async (_, input) => {
    const { client } = clientOf([token(1)]);
    expect((await client.fetch(id, input())).status).toBe(200);
    expect(ringCentral.seen).toMatchObject([{ path: '/path', headers: { authorization: 'Bearer token-1' } }]);
  });

  it.each([
    ['another host', () => `${other.url}/path`],
    ['another host, without a scheme', () => `//${new URL(other.url).host}/path`],
    ['another host, by backslashes', () => `\\\\${new URL(other.url).host}\\path`],
    ['another scheme', () => ringCentral.url.replace('http:', 'https:')],
    ['a Request to another host', () => new Request(`${other.url}/path`)],
    ['no URL', () => 'http://['],
    ['data', () => 'data:text/plain,x'],
  ])('to %s is refused before anything is sent: the token would leak', async (_, input) => {
    const { client } = clientOf([token(1)]);
    await expect(client.fetch(id, input())).rejects.toMatchObject({ code: 'invalid-request' });
    expect([...ringCentral.seen, ...other.seen]).toEqual([]);
  });

  it('goes to a further origin that is trusted by name', async () => {
    const { client } = clientOf([token(1)], [other.url]);
    expect((await client.fetch(id, `${other.url}/content`)).status).toBe(200);
    expect(other.seen[0]?.headers.authorization).toBe('Bearer token-1');
  });

  it.each([
    ['', []],
    [', trusted or not', ['other']],
  ])('that is redirected takes the token along within the server, and to no other%s', async (_, trusted) => {
    const { client, requests } = clientOf(
      [token(1)],
      trusted.map(() => other.url),
    );
    ringCentral.behaviour.answer = ({ path }, response) => {
      if (path === '/here') return void response.end('here');
      const location = path === '/inside' ? '/here' : `${other.url}/there`;
      response.writeHead(302, { location }).end();
    };
    other.behaviour.answer = (_, response) => response.writeHead(401).end('who are you?');
    expect(await (await client.fetch(id, '/inside')).text()).toBe('here');
    expect(ringCentral.seen.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill('Bearer token-1'),
    );
    const outside = await client.fetch(id, '/outside');
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    // What another server thinks of a request without the token says nothing about the token.
    expect([outside.status, await outside.text()]).toEqual([401, 'who are you?']);
    expect(requests).toHaveLength(1);
  });

  it('streams its answer', async () => {
    const { client } = clientOf([token(1)]);
    let finish = () => {};
    ringCentral.behaviour.answer = (_, response) => {
      response.write('first');
      finish = () => response.end('last');
    };
    const reader = (await client.fetch(id, '/stream')).body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: 'first' });
    finish();
    expect(await reader?.read()).toEqual({ done: false, value: 'last' });
  });

  it('ends with its signal, before and after it was sent', async () => {
    const { client } = clientOf([token(1)]);
    await expect(client.fetch(id, '/x', { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(ringCentral.seen).toEqual([]);
    const controller = new AbortController();
    ringCentral.behaviour.answer = () => controller.abort(new Error('enough'));
    await expect(client.fetch(id, '/x', { signal: controller.signal })).rejects.toThrow('enough');
    const ofRequest = new Request(`${ringCentral.url}/x`, {
      signal: AbortSignal.abort(new Error('too late')),
    });
    await expect(client.fetch(id, ofRequest)).rejects.toThrow('too late');
  });
});

describe('after a 401', () => {
  const form = () => {
    const data = new FormData();
    data.set('field', 'value');
    return data;
  };

  it.each([
    ['nothing', undefined, ''],
    ['a string', 'text', 'text'],
    ['a Buffer', Buffer.from('text'), 'text'],
    ['an ArrayBuffer', new TextEncoder().encode('text').buffer, 'text'],
    ['URLSearchParams', new URLSearchParams({ a: '1' }), 'a=1'],
    ['a Blob', new Blob(['text']), 'text'],
    ['a form', form(), 'name="field"\r\n\r\nvalue'],
  ])('a request with %s as its body is sent once more, with the newer token', async (_, body, expected) => {
    ringCentral.behaviour.answer = only(8);
    const { client, requests } = clientOf([token(7), token(8)]);
    const response = await client.fetch(id, '/x', { method: 'POST', ...(body !== undefined && { body }) });
    expect([response.status, await response.json()]).toEqual([200, 'ok']);
    expect(requests.map(({ action }) => action)).toEqual(['getToken', 'refreshToken']);
    expect(requests[1]).toMatchObject({ rejectedGeneration: 7 });
    expect(ringCentral.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-7',
      'Bearer token-8',
    ]);
    for (const { body: sent } of ringCentral.seen) expect(sent).toContain(expected);
  });

  it('so is a Request, with its own body or another', async () => {
    ringCentral.behaviour.answer = only(8);
    const request = () => new Request(`${ringCentral.url}/x`, { method: 'PUT', body: 'own' });
    const first = request();
    const one = clientOf([token(7), token(8)]);
    expect((await one.client.fetch(id, first)).status).toBe(200);
    expect(first.bodyUsed).toBe(true);
    const two = clientOf([token(7), token(8)]);
    expect((await two.client.fetch(id, request(), { body: 'another' })).status).toBe(200);
    expect(ringCentral.seen.map(({ body }) => body)).toEqual(['own', 'own', 'another', 'another']);
    await expect(one.client.fetch(id, first)).rejects.toThrow(TypeError);
  });

  it('a Request that went well is used up, as it is by the global fetch', async () => {
    const { client } = clientOf([token(1)]);
    const request = new Request(`${ringCentral.url}/x`, { method: 'PUT', body: 'own' });
    expect((await client.fetch(id, request)).status).toBe(200);
    await new Promise(setImmediate);
    expect(request.bodyUsed).toBe(true);
    expect(ringCentral.seen).toMatchObject([{ body: 'own', headers: { 'content-length': '3' } }]);
  });

  it('a stream is not sent again: the 401 is the answer, and the next request has the newer token', async () => {
    ringCentral.behaviour.answer = only(8);
    const { client, requests } = clientOf([token(7), token(8)]);
    const body = () => new Blob(['streamed']).stream();
    const first = await client.fetch(id, '/x', { method: 'POST', body: body(), duplex: 'half' });
    expect([first.status, await first.json()]).toEqual([401, { errorCode: 'OAU-213' }]);
    const second = await client.fetch(id, '/x', { method: 'POST', body: body(), duplex: 'half' });
    expect(second.status).toBe(200);
    expect(ringCentral.seen.map(sent => sent.body)).toEqual(['streamed', 'streamed']);
    expect(requests).toHaveLength(2);
  });

  it('a second 401 is the answer', async () => {
    ringCentral.behaviour.answer = only(99);
    const { client, requests } = clientOf([token(7), token(8)]);
    expect((await client.fetch(id, '/x')).status).toBe(401);
    expect([ringCentral.seen.length, requests.length]).toEqual([2, 2]);
  });

  it('50 requests at once cause one report', async () => {
    ringCentral.behaviour.answer = only(8);
    const { client, requests } = clientOf([token(7), token(8)]);
    const all = await Promise.all(Array.from({ length: 50 }, () => client.fetch(id, '/x')));
    expect(all.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(requests.map(({ action }) => action)).toEqual(['getToken', 'refreshToken']);
  });

  it('the 401 is the answer, body and all, where the token is not what is wrong', async () => {
    ringCentral.behaviour.answer = only(8);
    const { client } = clientOf([token(7), refused('refresh-limited', 429, 60)]);
    const response = await client.fetch(id, '/x');
    expect([response.status, await response.json()]).toEqual([401, { errorCode: 'OAU-213' }]);
  });

  it('of a grant that needs its owner, that is thrown, also where nothing could be sent again', async () => {
    ringCentral.behaviour.answer = only(8);
    const { client } = clientOf([token(7), refused('reauthorization-required', 409)]);
    await expect(client.fetch(id, '/x')).rejects.toBeInstanceOf(ReauthorizationRequired);
    const streaming = clientOf([token(7), refused('grant-revoked', 410)]).client;
    const body = new Blob(['streamed']).stream();
    const sent = streaming.fetch(id, '/x', { method: 'POST', body, duplex: 'half' });
    await expect(sent).rejects.toMatchObject({ code: 'grant-revoked' });
  });

  it('the wait for the newer token ends with the signal', async () => {
    ringCentral.behaviour.answer = only(8);
    const controller = new AbortController();
    const clock = fakeClock();
    const client = createTokenClient({
      clock,
      transport: async ({ action }) => {
        if (action === 'getToken') return token(7);
        controller.abort(new Error('enough'));
        return new Promise(() => {});
      },
    });
    await expect(client.fetch(id, '/x', { signal: controller.signal })).rejects.toThrow('enough');
  });

  it('the connection of the 401 is free again: nobody is left to read its body', async () => {
    let closed = 0;
    ringCentral.behaviour.answer = ({ headers }, response) => {
      if (headers.authorization === 'Bearer token-8') return void response.end('ok');
      response.on('close', () => {
        closed += 1;
      });
      response.writeHead(401).write('never ends');
    };
    const { client } = clientOf([token(7), token(8)]);
    expect((await client.fetch(id, '/x')).status).toBe(200);
    await expect.poll(() => closed).toBe(1);
  });
});

describe('a URL with its token', () => {
  it('has it as a query parameter beside its own, and says how long that lasts', async () => {
    const { client } = clientOf([served(1, { server: ringCentral.url, accessToken: 'a+b/c=' })]);
    const { url, cacheUntil, expiresAt } = await client.urlWithToken(id, '/content?page=2&access_token=old');
    expect([...new URL(url).searchParams]).toEqual([
      ['page', '2'],
      ['access_token', 'a+b/c='],
    ]);
    expect(url.startsWith(`${ringCentral.url}/content?`)).toBe(true);
    expect([cacheUntil, expiresAt]).toEqual(['2026-01-31T12:40:00.000Z', '2026-01-31T13:00:00.000Z']);
  });

  it('is refused for another origin', async () => {
    const { client } = clientOf([token(1)]);
    await expect(client.urlWithToken(id, `${other.url}/x`)).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});
