/** Carries one answer to its client over HTTP, or fails to, as the fault of this request has it. */

import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, html, json } from './answers.ts';
import type { Fault } from './faults.ts';

/** What a request does to the provider, whichever endpoint it is for. */
export type Work = {
  readonly process: () => Answer;
  readonly penalise?: (penaltyMs?: number) => Answer;
  readonly settle: (delivery: 'delivered' | 'lost') => void;
};

type Wire =
  | { readonly kind: 'send'; readonly answer: Answer; readonly counts: boolean }
  | { readonly kind: 'half'; readonly answer: Answer }
  | { readonly kind: 'cut' };

const faultPage =
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';
const defaultOversizeBytes = 8 * 1024 * 1024;

const oversized = (bytes: number): Answer => {
  const frame = JSON.stringify({ padding: '' });
  return json(200, { padding: 'x'.repeat(Math.max(0, bytes - frame.length)) });
};

const statusFault = (status: number, retryAfterSeconds: number | undefined): Answer => {
  const headers = retryAfterSeconds === undefined ? undefined : { 'retry-after': String(retryAfterSeconds) };
  const message = 'Simulated fault';
  return json(
    status,
    { errorCode: 'CMN-211', message, errors: [{ errorCode: 'CMN-211', message }] },
    headers,
  );
};

/** `counts`: the client has learnt the provider's own answer. */
const replaced = (answer: Answer): Wire => ({ kind: 'send', answer, counts: false });

const apply = (fault: Exclude<Fault, { kind: 'delay' }>, { process, penalise }: Work): Wire => {
  switch (fault.kind) {
    case 'drop-before':
      return { kind: 'cut' };
    case 'drop-after':
      process();
      return { kind: 'cut' };
    case 'truncate':
      return { kind: 'half', answer: process() };
    case 'status':
      if (fault.processed) process();
      return replaced(statusFault(fault.status, fault.retryAfterSeconds));
    case 'html':
      if (fault.processed) process();
      return replaced(html(fault.status ?? 502, faultPage));
    case 'garbage':
      if (fault.processed !== false) process();
      return replaced({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: '{"access_token": "\u0000',
      });
    case 'oversize':
      if (fault.processed !== false) process();
      return replaced(oversized(fault.bytes ?? defaultOversizeBytes));
    case 'rate-limit': {
      const { retryAfterSeconds } = fault;
      const ms = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
      return { kind: 'send', answer: (penalise ?? process)(ms), counts: true };
    }
  }
};

const write = (response: ServerResponse, wire: Wire): void => {
  if (wire.kind === 'cut' || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, headers, body } = wire.answer;
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (wire.kind === 'send') response.end(bytes);
  else response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
};

const delayed = async (
  fault: Extract<Fault, { kind: 'delay' }>,
  { process }: Work,
  signal: AbortSignal,
): Promise<Wire> => {
  const early = fault.processed ? process() : undefined;
  await sleep(fault.delayMs, undefined, { signal });
  return { kind: 'send', answer: early ?? process(), counts: true };
};

/**
 * `beforeAnswer` runs between the request's effects and its answer. A client that leaves early has lost the answer at that
 * moment, even if its request is processed only later.
 */
export const deliver = async (
  response: ServerResponse,
  work: Work,
  fault: Fault | undefined,
  options: { readonly signal: AbortSignal; readonly beforeAnswer: () => void },
): Promise<void> => {
  response.once('close', () => work.settle('lost'));
  const wire: Wire =
    fault === undefined
      ? { kind: 'send', answer: work.process(), counts: true }
      : fault.kind === 'delay'
        ? await delayed(fault, work, options.signal)
        : apply(fault, work);
  if (wire.kind === 'send' && wire.counts) response.once('finish', () => work.settle('delivered'));
  else work.settle('lost');
  options.beforeAnswer();
  write(response, wire);
};
