import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FaultyProxy, type Loss, startProxy } from './proxy.ts';
import type { Random } from './random.ts';
import { calm, type Weather } from './weather.ts';

let server: Server;
let proxy: FaultyProxy;
let client: Socket;
let losses: Loss[];
let heard: string[];
let received: string;
let ended: Promise<string>;

/** Always the same: faults strike in this direction, after this share of the first chunk. */
const certain = (direction: 'request' | 'answer', share: number): Random => ({
  between: (_least, most) => most,
  fraction: () => share,
  chance: probability => probability === 1,
  pick: items => items.find(item => item === direction),
});

const open = async (weather: Weather, direction: 'request' | 'answer' = 'answer', share = 0.5) => {
  const { port } = server.address() as AddressInfo;
  proxy = await startProxy({
    targetUrl: `http://127.0.0.1:${port}`,
    random: certain(direction, share),
    weather,
    onLoss: loss => losses.push(loss),
  });
  client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  client.on('data', chunk => {
    received += chunk;
  });
  ended = new Promise(resolve => {
    client.once('end', () => resolve('ended'));
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
};

beforeEach(async () => {
  losses = [];
  heard = [];
  received = '';
  server = createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', chunk => {
      heard.push(chunk.toString());
      if (chunk.toString().endsWith('.')) socket.write('answer!!');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  client.destroy();
  await proxy.close();
  await new Promise(resolve => server.close(resolve));
});

describe('a proxy', () => {
  it('passes everything on in good weather, exchange after exchange', async () => {
    await open(calm);
    client.write('one.');
    await vi.waitFor(() => expect(received).toBe('answer!!'));
    client.write('two.');
    await vi.waitFor(() => expect(received).toBe('answer!!answer!!'));
    expect(heard).toEqual(['one.', 'two.']);
    client.end();
    await ended;
    expect(losses).toEqual([]);
  });

  it('truncates an answer, and says what was lost', async () => {
    await open({ ...calm, truncate: 1 });
    client.write('ask.');
    expect(await ended).toBe('ended');
    expect(received).toBe('answ');
    expect(losses).toEqual([{ kind: 'truncate', direction: 'answer', request: 'ask.', answer: 'answer!!' }]);
    expect(proxy.struck['truncate-answer']).toBe(1);
  });

  it('truncates a request', async () => {
    await open({ ...calm, truncate: 1 }, 'request');
    client.write('ask.');
    expect(await ended).toBe('ended');
    await vi.waitFor(() => expect(heard).toEqual(['as']));
    expect(received).toBe('');
  });

  it('resets', async () => {
    await open({ ...calm, reset: 0.9 }, 'answer', 0);
    client.write('ask.');
    expect(await ended).toBe('ECONNRESET');
    expect(received).toBe('');
  });

  it('falls silent in the middle of an answer, and stays it', async () => {
    await open({ ...calm, stall: 1 });
    client.write('ask.');
    await vi.waitFor(() => expect(received).toBe('answ'));
    client.write('again.');
    await sleep(50);
    expect(received).toBe('answ');
    expect(client.closed).toBe(false);
  });

  it('accepts, and says nothing', async () => {
    await open({ ...calm, stall: 0.9 }, 'request', 0);
    client.write('ask.');
    await vi.waitFor(() => expect(proxy.struck['stall-request']).toBe(1));
    await sleep(50);
    expect(heard).toEqual([]);
    expect(received).toBe('');
  });

  it('delays, and notices who does not wait for it', async () => {
    await open({ ...calm, delay: 1, longestDelayMs: 100 });
    client.write('ask.');
    await vi.waitFor(() => expect(heard).toEqual(['ask.']));
    expect(received).toBe('');
    client.destroy();
    await vi.waitFor(() => expect(losses).toMatchObject([{ kind: 'left', request: 'ask.' }]));
  });

  it('can be switched off for what comes', async () => {
    await open({ ...calm, truncate: 1 });
    proxy.setWeather(calm);
    client.write('ask.');
    await vi.waitFor(() => expect(received).toBe('answer!!'));
  });
});
