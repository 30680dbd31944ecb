/** Asks everybody for the facts, each by itself. */
import type { RateLimitScope } from '../../functions/domain/settings.ts';
import { listAll, mostGrants } from '../listing.ts';
import type { Session } from '../session.ts';
import { fromKeeper } from './attempt.ts';
import { type Fact, type Facts, fact, type Probe, skipped } from './facts.ts';
import { type Provider, probeApps } from './probe.ts';

export type GatherOptions = {
  /** False: RingCentral is not asked anything. */
  readonly probe: boolean;
  readonly rateLimitScope?: RateLimitScope;
  readonly provider?: Provider;
};

const findProbes = async (
  session: Session,
  { apps, grants }: Pick<Facts, 'apps' | 'grants'>,
  options: GatherOptions,
): Promise<Probe[]> => {
  if (!apps.known || !grants.known) return [];
  const silent = (why: Fact<never>) =>
    apps.value.map(({ name: app, server }) => ({ app, server, verdict: why, clock: why }));
  if (!options.probe) return silent(skipped('--no-probe was given.'));
  const { readConfiguredApps } = await import('./gather-aws.ts');
  const { createProvider } = await import('./provider.ts');
  return probeApps({
    apps: apps.value,
    grants: grants.value.grants,
    configured: await readConfiguredApps(session.deployment),
    provider: options.provider ?? createProvider(),
  });
};

const ofStacksOnly = skipped('a local run has none in AWS.');

export const gather = async (session: Session, options: GatherOptions): Promise<Facts> => {
  const { deployment, keeper, terminal, now } = session;
  const { target, title, status, outputs } = deployment;
  const local = target.kind === 'local';
  const aws = await import('./gather-aws.ts');
  terminal.progress('Looking at the settings, the apps and the grants');
  const [{ settings, awsClock }, apps, grants] = await Promise.all([
    aws.readFunction(deployment),
    fromKeeper(async () => (await keeper.call('listApps')).apps),
    fromKeeper(() => listAll(keeper, { most: mostGrants })),
  ]);
  terminal.progress('Looking at the schedules, the queue and the metrics, and asking RingCentral');
  const intervalMs = settings.known ? settings.value.sweepIntervalMs : undefined;
  const [schedules, deadLetters, metrics, probes] = await Promise.all([
    local ? ofStacksOnly : aws.readSchedules(deployment),
    local ? ofStacksOnly : aws.countDeadLetters(deployment),
    local ? ofStacksOnly : aws.readMetrics(deployment, now(), intervalMs),
    findProbes(session, { apps, grants }, options),
  ]);
  return {
    now: now(),
    local,
    title,
    stackStatus: local ? fact('CREATE_COMPLETE') : fact(status ?? 'unknown'),
    settings,
    ...(options.rateLimitScope !== undefined && { rateLimitScope: options.rateLimitScope }),
    apps,
    grants,
    awsClock,
    probes,
    ...(outputs.SweepFunctionName !== undefined && { sweepFunction: outputs.SweepFunctionName }),
    schedules,
    deadLetters,
    metrics,
  };
};
