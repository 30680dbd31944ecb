/** RingCentral, as the doctor asks it: token requests as the keeper sends them, and a look at its clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenEndpoint } from '../../functions/adapters/token-endpoint.ts';
import { readClock } from './clock.ts';
import { type ClockReading, type Fact, fact, skipped } from './facts.ts';
import type { Provider } from './probe.ts';

const timeoutMs = 10_000;
const pauseMs = 250;

/** Not of the Auth group, and nothing is authorised: whatever it answers has a date. */
const clock = async (server: string): Promise<Fact<ClockReading>> => {
  const sentAt = Date.now();
  try {
    const { headers } = await fetch(`${server}/restapi`, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const reading = readClock(headers.get('date'), sentAt, Date.now());
    return reading === undefined ? skipped(`${server} does not say what time it is.`) : fact(reading);
  } catch {
    return skipped(`${server} did not answer.`);
  }
};

export const createProvider = (): Provider => {
  const endpoint = createTokenEndpoint(timeoutMs, { now: Date.now, sleep: ms => sleep(ms) });
  return {
    refresh: (app, refreshToken) => endpoint.refresh(app, refreshToken),
    clock,
    pause: () => sleep(pauseMs),
  };
};
