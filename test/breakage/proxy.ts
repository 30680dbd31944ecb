/**
 * A TCP proxy that does to connections what networks do. It knows nothing of HTTP but that its sides take turns: bytes from the client
 * after bytes from the server begin a new exchange, and each exchange has a fate of its own.
 */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import { calm, type Direction, drawFate, type Fate, type Fault, type Weather } from './weather.ts';

/** An exchange that did not end well. */
export type Loss = {
  /** `left`: the client was gone before it had all of the answer. */
  readonly kind: Fault['kind'] | 'left';
  readonly direction: Direction;
  readonly request: string;
  /** What the server answered, as far as it came here. */
  readonly answer: string;
};

export type FaultyProxy = {
  readonly url: string;
  readonly struck: Readonly<Record<`${Fault['kind']}-${Direction}`, number>>;
  /** For exchanges that begin from now on. */
  setWeather(weather: Weather): void;
  close(): Promise<void>;
};

export type ProxyOptions = {
  readonly targetUrl: string;
  readonly random: Random;
  readonly weather?: Weather;
  readonly onLoss?: (loss: Loss) => void;
};

type Exchange = { readonly fate: Fate; request: string; answer: string; struck: boolean };

type Link = {
  readonly client: Socket;
  readonly server: Socket;
  readonly draw: () => Fate;
  readonly onStrike: (fault: Fault) => void;
  readonly onLoss: (loss: Loss) => void;
};

/** Writes in order, each after its delay. */
const createWriter = (socket: Socket) => {
  let last = Promise.resolve();
  let pending = 0;
  const later = (delayMs: number, action: () => void): void => {
    pending += 1;
    last = last.then(async () => {
      if (delayMs > 0) await sleep(delayMs);
      pending -= 1;
      if (!socket.destroyed && socket.writable) action();
    });
  };
  return {
    write: (chunk: Buffer, delayMs: number) => later(delayMs, () => socket.write(chunk)),
    after: (action: () => void) => later(0, action),
    isBusy: () => pending > 0,
  };
};

const strike = (fault: Fault, { client, server }: Link): void => {
  if (fault.kind === 'stall') return;
  if (fault.kind === 'reset') {
    client.resetAndDestroy();
    server.resetAndDestroy();
  } else {
    client.end();
    server.end();
  }
};

const carry = (link: Link): void => {
  const { client, server, draw, onLoss, onStrike } = link;
  const writers = { request: createWriter(server), answer: createWriter(client) };
  let exchange: Exchange | undefined;
  let complete = false;

  const lose = (kind: Loss['kind'], direction: Direction, { request, answer }: Exchange) =>
    onLoss({ kind, direction, request, answer });

  const pass = (current: Exchange, direction: Direction, chunk: Buffer): void => {
    const { fault, delayMs } = current.fate;
    current[direction] += chunk.toString('latin1');
    if (current.struck) return;
    if (fault?.direction !== direction) {
      writers[direction].write(chunk, delayMs[direction]);
      return;
    }
    current.struck = true;
    onStrike(fault);
    lose(fault.kind, direction, current);
    const part = chunk.subarray(0, Math.floor(fault.share * chunk.length));
    if (part.length > 0) writers[direction].write(part, delayMs[direction]);
    writers[direction].after(() => strike(fault, link));
  };

  client.on('data', chunk => {
    if (exchange === undefined || (exchange.answer !== '' && !exchange.struck)) {
      exchange = { fate: draw(), request: '', answer: '', struck: false };
    }
    pass(exchange, 'request', chunk);
  });
  server.on('data', chunk => {
    if (exchange !== undefined) pass(exchange, 'answer', chunk);
  });
  server.on('end', () => {
    if (exchange?.struck) return;
    writers.answer.after(() => {
      complete = true;
      client.end();
    });
  });
  client.on('close', () => {
    const waits =
      exchange !== undefined && !exchange.struck && (exchange.answer === '' || writers.answer.isBusy());
    if (exchange !== undefined && waits && !complete) lose('left', 'answer', exchange);
    server.destroy();
  });
  server.on('close', () => {
    if (exchange?.struck !== true) writers.answer.after(() => client.end());
  });
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

export const startProxy = async (options: ProxyOptions): Promise<FaultyProxy> => {
  const { targetUrl, random, onLoss = () => {} } = options;
  const { hostname: host, port } = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let weather = options.weather ?? calm;
  const struck: Record<`${Fault['kind']}-${Direction}`, number> = {
    'reset-request': 0,
    'reset-answer': 0,
    'truncate-request': 0,
    'truncate-answer': 0,
    'stall-request': 0,
    'stall-answer': 0,
  };

  const listener = createServer(client => {
    const server = dial({ host, port: Number(port) });
    for (const socket of [client, server]) {
      socket.setNoDelay();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    carry({
      client,
      server,
      onLoss,
      draw: () => drawFate(weather, random),
      onStrike: ({ kind, direction }) => {
        struck[`${kind}-${direction}`] += 1;
      },
    });
  });
  const url = await listen(listener);
  return {
    url,
    struck,
    setWeather: next => {
      weather = next;
    },
    close: async () => {
      const closed = new Promise<void>(resolve => listener.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};
