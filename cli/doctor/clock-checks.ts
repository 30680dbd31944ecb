/** Whether clocks agree. Pure. */
import type { Settings } from '../../functions/domain/settings.ts';
import { duration } from '../../sandbox/screen/durations.ts';
import type { ClockReading, Fact, Facts } from './facts.ts';
import { type Finding, ok, unknown, warning } from './finding.ts';

type Named = { readonly name: string; readonly reading: ClockReading };

/** How far apart two clocks are at least, whatever the readings hide; 0: they may agree. */
const leastApartMs = (a: ClockReading, b: ClockReading): number =>
  Math.max(0, Math.abs(a.offsetMs - b.offsetMs) - a.uncertaintyMs - b.uncertaintyMs);

const here: ClockReading = { offsetMs: 0, uncertaintyMs: 0 };

const ahead = (ms: number): string => (ms > 0 ? 'ahead of' : 'behind');

/** This machine's clock matters to whoever runs consumers on it, and to its signatures. */
const ownClock = ({ name, reading }: Named, settings: Settings): Finding | undefined =>
  leastApartMs(reading, here) <= settings.maxClockSkewMs
    ? undefined
    : warning(
        'clock',
        `This machine's clock is ${duration(Math.abs(reading.offsetMs))} ${ahead(-reading.offsetMs)} that of ${name}.`,
        'Set it (NTP). Consumers on it would keep tokens longer than promised, and AWS refuses its signatures from five minutes on.',
      );

const providerClock = (
  aws: ClockReading,
  { name, reading }: Named,
  settings: Settings,
): Finding | undefined =>
  leastApartMs(reading, aws) <= settings.maxClockSkewMs
    ? undefined
    : warning(
        'clock',
        `${name}'s clock and AWS's are ${duration(Math.abs(reading.offsetMs - aws.offsetMs))} apart.`,
        'Lifetimes are counted from when they were asked for, so tokens are safe; a Retry-After given as a date is not. If it stays so, tell RingCentral.',
      );

const present = (name: string, reading: Fact<ClockReading>): Named[] =>
  reading.known ? [{ name, reading: reading.value }] : [];

export const checkClocks = ({ awsClock, probes, local }: Facts, settings: Settings): Finding[] => {
  const home = present(local ? 'the local run' : 'AWS', awsClock);
  const servers = [...new Map(probes.map(({ server, clock }) => [server, clock]))].flatMap(
    ([server, clock]) => present(server, clock),
  );
  const [aws] = home;
  if (!awsClock.known && servers.length === 0) return [unknown('clock', awsClock)];
  const findings = [
    ...[...home, ...(aws === undefined ? servers : [])].map(named => ownClock(named, settings)),
    ...(aws === undefined ? [] : servers.map(named => providerClock(aws.reading, named, settings))),
  ].filter(finding => finding !== undefined);
  const names = [...home, ...servers].map(({ name }) => name).join(' and ');
  return findings.length > 0 ? findings : [ok('clock', `This machine's clock agrees with that of ${names}.`)];
};
