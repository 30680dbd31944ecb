/** What must not be in the outcome of a trial, whatever went wrong in it. */
import type { Outcome } from './trial.ts';

/** What consumers may be told while the provider and the store can be reached. */
const patient = ['ok', 'refresh-pending', 'provider-unavailable'];

/** And while they cannot. */
export const toldInStorms = [...patient, 'internal-error', 'misconfigured'];

/** Of a killed process a consumer hears nothing. */
const interrupted = '!Runtime.ExitError';

/** Facts that say that a grant was given up, or nearly, though nobody had touched it. */
const grave = [
  'condemned',
  'refused',
  'absolved',
  'unreadable',
  'late-answer-retired',
  'commit-failed',
  'app-held',
];

const others = (counts: Readonly<Record<string, number>>, allowed: readonly string[]): string[] =>
  Object.entries(counts).flatMap(([name, count]) => (allowed.includes(name) ? [] : [`${count} × ${name}`]));

export const harmsOf = (outcome: Outcome, told: readonly string[] = patient): string[] => {
  const { answers, sweeps, kills, facts, requests } = outcome;
  const interruptions = (answers[interrupted] ?? 0) + (sweeps[interrupted] ?? 0);
  return [
    ...outcome.unrest.map(each => `did not come to rest: ${each}`),
    ...outcome.dead.map(grantId => `dead: ${grantId}`),
    ...outcome.brokenPromises.map(each => `promise broken: ${each}`),
    ...outcome.crashes.map(each => `crashed: ${each}`),
    ...outcome.strayLines.map(line => `printed: ${line}`),
    ...outcome.events.map(type => `event: ${type}`),
    ...outcome.needless.map(entry => `needless: ${entry}`),
    ...others(answers, [...told, interrupted]).map(each => `answered: ${each}`),
    ...others(sweeps, ['ok', interrupted]).map(each => `sweep: ${each}`),
    ...grave.filter(type => facts[type] !== undefined).map(type => `fact: ${facts[type]} × ${type}`),
    ...(interruptions > kills.total ? [`${interruptions} interruptions by ${kills.total} kills`] : []),
    ...(requests.needless > 0 ? [`${requests.needless} needless requests`] : []),
    ...(requests.refused > 0 ? [`${requests.refused} refusals`] : []),
    ...(outcome.sessionsEnded > 0 ? [`${outcome.sessionsEnded} sessions ended`] : []),
  ];
};
