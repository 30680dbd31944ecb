/**
 * Asks RingCentral whether an app's credentials are good: a refresh with a token that cannot exist is refused as such only if the
 * client was accepted first. One request for each app, one more where it was refused, none while anything is on hold: a request in
 * a penalty begins it anew.
 */
import { randomUUID } from 'node:crypto';
import type { TokenAnswer } from '../../functions/domain/answer.ts';
import type { App as Configured } from '../../functions/domain/app.ts';
import type { App, Grant } from '../keeper.ts';
import { isPlaceholder, otherEnvironment } from './app-checks.ts';
import {
  type ClockReading,
  type Elsewhere,
  type Fact,
  fact,
  type Probe,
  skipped,
  type Verdict,
} from './facts.ts';

/** Beyond it apps are judged by what is stored. */
export const maxProbes = 5;

export type Provider = {
  /** A refresh, as the keeper asks for one. */
  refresh(app: Configured, refreshToken: string): Promise<TokenAnswer>;
  clock(server: string): Promise<Fact<ClockReading>>;
  /** Between two apps. */
  pause(): Promise<unknown>;
};

export type ProbeInput = {
  readonly apps: readonly App[];
  readonly grants: readonly Grant[];
  /** The apps with their secrets, or why they cannot be had. */
  readonly configured: Fact<readonly Configured[]>;
  readonly provider: Provider;
};

/** Nothing is asked of a server while an app or a grant there is on hold. */
const isQuiet = (server: string, { apps, grants }: ProbeInput): boolean =>
  [...apps, ...grants].some(each => each.server === server && each.holdUntil !== undefined);

const ask = ({ provider }: ProbeInput, app: Configured): Promise<TokenAnswer> =>
  provider.refresh(app, `ringbearer-doctor-${randomUUID()}`);

/** Asks RingCentral's other environment, once it is known that this one refuses the app. */
const askElsewhere = async (input: ProbeInput, app: Configured): Promise<Elsewhere | undefined> => {
  const server = otherEnvironment(app.server);
  if (server === undefined || isQuiet(server, input)) return undefined;
  const { kind } = await ask(input, { ...app, server });
  return { server, accepted: kind === 'refused' };
};

const verdictOf = async (input: ProbeInput, app: Configured): Promise<Verdict> => {
  const answer = await ask(input, app);
  switch (answer.kind) {
    case 'refused':
      return { kind: 'accepted' };
    case 'misconfigured': {
      const elsewhere = await askElsewhere(input, app);
      return { kind: 'refused', code: answer.code, ...(elsewhere && { elsewhere }) };
    }
    case 'limited':
    case 'unknown':
      return answer;
    case 'rotated':
      return { kind: 'unknown', code: 'tokens for nothing' };
  }
};

const silent = ({ name: app, server }: App, why: Fact<never>): Probe => ({
  app,
  server,
  verdict: why,
  clock: why,
});

const probe = async (input: ProbeInput, app: App): Promise<Probe> => {
  const { configured, provider } = input;
  const { name, server } = app;
  const clock = await provider.clock(server);
  if (!configured.known) return { app: name, server, verdict: configured, clock };
  const found = configured.value.find(
    candidate =>
      candidate.name === name && candidate.server === server && candidate.clientId === app.clientId,
  );
  const verdict =
    found === undefined
      ? skipped('the apps secret was changed a moment ago: look again.')
      : fact(await verdictOf(input, found));
  return { app: name, server, verdict, clock };
};

const reasonToBeSilent = (app: App, input: ProbeInput, asked: number): string | undefined => {
  if (isPlaceholder(app)) return 'it is the placeholder.';
  if (isQuiet(app.server, input)) {
    return 'an app or a grant at its server is on hold, and a request in a penalty begins it anew.';
  }
  return asked >= maxProbes ? `no more than ${maxProbes} apps are asked about at once.` : undefined;
};

/** One app after the other. After a 429 nothing more is asked. */
export const probeApps = async (input: ProbeInput): Promise<Probe[]> => {
  const probes: Probe[] = [];
  let asked = 0;
  let limited = false;
  for (const app of input.apps) {
    const reason = limited ? 'RingCentral has just limited requests.' : reasonToBeSilent(app, input, asked);
    if (reason !== undefined) {
      probes.push(silent(app, skipped(reason)));
      continue;
    }
    if (asked > 0) await input.provider.pause();
    asked += 1;
    const found = await probe(input, app);
    limited = found.verdict.known && found.verdict.value.kind === 'limited';
    probes.push(found);
  }
  return probes;
};
