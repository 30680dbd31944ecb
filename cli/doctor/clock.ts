/** Reads another machine's clock from an HTTP answer's `Date` (RFC 9110 §6.6.1), which has whole seconds. */
import type { ClockReading } from './facts.ts';

/** `sentAt` and `receivedAt` by this machine's clock. Undefined: no date, or none that can be read. */
export const readClock = (
  date: string | null | undefined,
  sentAt: number,
  receivedAt: number,
): ClockReading | undefined => {
  const second = Date.parse(date ?? '');
  if (Number.isNaN(second)) return undefined;
  const roundTripMs = Math.max(0, receivedAt - sentAt);
  return {
    offsetMs: Math.round(second + 500 - (sentAt + roundTripMs / 2)),
    uncertaintyMs: Math.ceil(500 + roundTripMs / 2),
  };
};
