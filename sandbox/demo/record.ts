/** Everything that happened in a demo, to prove by afterwards what happened. */
import { EventEmitter, once } from 'node:events';
import type { Fact } from '../../functions/keeper/facts.ts';
import type { Ending } from '../aws/function-process.ts';
import type { Observer } from '../local-run.ts';
import type { ReaderEvent } from '../readers.ts';
import type { SimulatorEvent } from '../ringcentral/index.ts';
import { readLogLine } from '../screen/log-lines.ts';

export type Refreshed = Extract<Fact, { type: 'refreshed' }>;

export type Minted = Extract<Fact, { type: 'minted' }>;

export type DemoRecord = {
  readonly refreshes: readonly Refreshed[];
  readonly mints: readonly Minted[];
  readonly provider: readonly SimulatorEvent[];
  readonly deaths: readonly Ending[];
  readonly readings: Readonly<Record<ReaderEvent['type'], number>>;
  readonly observer: Observer;
  readonly onReading: (event: ReaderEvent) => void;
  /** Looks whenever something has happened; false once the time is up. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean>;
};

/** Passes everything on to `screen`. */
export const createRecord = (screen: Observer): DemoRecord => {
  const refreshes: Refreshed[] = [];
  const mints: Minted[] = [];
  const provider: SimulatorEvent[] = [];
  const deaths: Ending[] = [];
  const readings = { served: 0, used: 0, 'promise-broken': 0, reported: 0, 'turned-away': 0, interrupted: 0 };
  const happenings = new EventEmitter<{ happening: [] }>().setMaxListeners(100);
  const happened = () => happenings.emit('happening');

  const observer: Observer = {
    ...screen,
    onLine: (source, text) => {
      const line = readLogLine(text);
      if (line.kind === 'fact' && line.fact.type === 'refreshed') refreshes.push(line.fact);
      if (line.kind === 'fact' && line.fact.type === 'minted') mints.push(line.fact);
      screen.onLine(source, text);
      happened();
    },
    onDeath: (source, ending) => {
      deaths.push(ending);
      screen.onDeath(source, ending);
      happened();
    },
    onProvider: event => {
      provider.push(event);
      screen.onProvider(event);
      happened();
    },
  };
  return {
    refreshes,
    mints,
    provider,
    deaths,
    readings,
    observer,
    onReading: event => {
      readings[event.type] += 1;
    },
    until: async (condition, timeoutMs) => {
      const signal = AbortSignal.timeout(timeoutMs);
      while (!condition()) {
        if (signal.aborted) return false;
        await once(happenings, 'happening', { signal }).catch(() => undefined);
      }
      return true;
    },
  };
};
