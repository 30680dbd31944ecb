/** What can be wrong with the apps: their secret, their credentials, their standing. Pure. */
import { isMisconfiguration } from '../../functions/domain/answer.ts';
import { duration, relative } from '../../sandbox/screen/durations.ts';
import type { App, Grant } from '../keeper.ts';
import type { Facts, Probe, Verdict } from './facts.ts';
import { about, type Finding, named, note, ok, plural, problem, unknown, warning } from './finding.ts';

const production = 'https://platform.ringcentral.com';
const sandbox = 'https://platform.devtest.ringcentral.com';

/** RingCentral's other environment; other brands have none that is known here. */
export const otherEnvironment = (server: string): string | undefined => {
  if (server === production) return sandbox;
  return server === sandbox ? production : undefined;
};

const environmentName = (server: string): string => (server === sandbox ? 'sandbox' : 'production');

/** What the secret holds after the first deployment. */
export const isPlaceholder = ({ clientId }: Pick<App, 'clientId'>): boolean => clientId === 'REPLACE-ME';

const putSecret =
  'Put the apps with `aws secretsmanager put-secret-value --secret-id "$APPS_SECRET_ARN" --secret-string file://apps.json`.';

const secretFindings = ({ apps }: Facts): Finding[] => {
  if (!apps.known) {
    return apps.code === 'misconfigured'
      ? [problem('apps-secret', `The apps secret cannot be used: ${apps.why}`, putSecret)]
      : [unknown('apps-secret', apps)];
  }
  const placeholders = apps.value.filter(isPlaceholder);
  if (placeholders.length > 0) {
    return [
      problem('apps-secret', 'The apps secret is still the placeholder of the first deployment.', putSecret),
    ];
  }
  return [
    ok('apps-secret', `${plural(apps.value.length, 'app')}: ${apps.value.map(app => app.name).join(', ')}.`),
  ];
};

const forbiddenGrantTypes = new Set(['OAU-112', 'OAU-125', 'unauthorized_client', 'unsupported_grant_type']);

const credentialsRefused = (
  app: App,
  code: string,
  elsewhere: Facts['probes'][number]['verdict'],
): Finding => {
  const what = `RingCentral refuses the credentials of the app ${app.name} at ${app.server} (${code}). No grant is lost by it, but none is refreshed.`;
  const found = elsewhere.known && elsewhere.value.kind === 'refused' ? elsewhere.value.elsewhere : undefined;
  if (found?.accepted) {
    return problem(
      'app-credentials',
      `${what} They are ${environmentName(found.server)} credentials: ${found.server} accepts them.`,
      `Put the app's ${environmentName(app.server)} client id and secret into the apps secret, or, if its accounts are of the ${environmentName(found.server)}, the server ${found.server}; those then connect again.`,
    );
  }
  if (forbiddenGrantTypes.has(code)) {
    return problem(
      'app-credentials',
      what,
      `In RingCentral's developer console allow the app ${app.name} the grant types "authorization code" and "refresh token".`,
    );
  }
  return problem(
    'app-credentials',
    what,
    `Compare client id, client secret and server of ${app.name} in the apps secret with RingCentral's developer console: was the secret rotated, or is it of the other environment (production, sandbox)?`,
  );
};

/** What is stored tells as well: the refusal of the app that its grants met last. */
const storedRefusal = (app: App, grants: readonly Grant[]): string | undefined => {
  if (isMisconfiguration(app.holdReason)) return app.holdReason;
  const own = new Set(['app-unknown', 'app-mismatch', 'apps-unreadable']);
  return grants
    .filter(grant => grant.app === app.name && grant.state !== 'revoked')
    .map(({ lastError }) => lastError?.code)
    .find(code => isMisconfiguration(code) && !own.has(code ?? ''));
};

const probed = (app: App, probe: Probe, verdict: Verdict): Finding => {
  switch (verdict.kind) {
    case 'accepted':
      return ok('app-credentials', `RingCentral accepts the credentials of ${app.name}.`);
    case 'refused':
      return credentialsRefused(app, verdict.code, probe.verdict);
    case 'limited': {
      const wait = verdict.retryAfterMs === undefined ? 'a minute' : duration(verdict.retryAfterMs);
      return warning(
        'app-credentials',
        `RingCentral limits requests of ${app.name} (${verdict.code}).`,
        `Leave it in peace for ${wait}: every further request begins the penalty anew. Then see rate-limit.`,
      );
    }
    case 'unknown':
      return {
        check: 'app-credentials',
        severity: 'unknown',
        what: `${probe.server} did not answer as RingCentral does (${verdict.code}).`,
        todo: `Is the server of ${app.name} right, and can it be reached from here?`,
      };
  }
};

const credentialFindings = ({ apps, grants, probes }: Facts): Finding[] => {
  if (!apps.known) return [];
  const listed = grants.known ? grants.value.grants : [];
  return apps.value
    .filter(app => !isPlaceholder(app))
    .map(app => {
      const probe = probes.find(candidate => candidate.app === app.name);
      if (probe?.verdict.known) return probed(app, probe, probe.verdict.value);
      const refusal = storedRefusal(app, listed);
      const reason = probe?.verdict ?? { known: false, skipped: true, why: 'it was not asked about.' };
      if (refusal !== undefined) return credentialsRefused(app, refusal, reason);
      const missing = reason.known ? 'it was not asked about.' : reason.why;
      return note(
        'app-credentials',
        `RingCentral was not asked about ${app.name}: ${missing} No stored error says that its credentials are refused.`,
      );
    });
};

const standingOf = (app: App, now: number): Finding | undefined => {
  const { name, holdUntil, holdReason = '', refused } = app;
  if (holdUntil === undefined) {
    return refused === 0
      ? undefined
      : warning(
          'app-held',
          `Of ${name} ${plural(refused, 'grant was', 'grants were')} refused in a row, without one success.`,
          'One more success clears it. If it goes on, see app-credentials.',
        );
  }
  const until = `RingCentral is not asked for ${name}, over ${relative(Date.parse(holdUntil), now)}`;
  if (holdReason === 'many-grants-refused') {
    return problem(
      'app-held',
      `${until}: so many of its grants were refused in a row that the app is in doubt, and no grant is condemned.`,
      "Were all its users' sessions ended, or is this another RingCentral app than the one that issued the tokens? The next success clears it.",
    );
  }
  return isMisconfiguration(holdReason)
    ? warning(
        'app-held',
        `${until} (${holdReason}).`,
        'Mend what app-credentials says; it is tried again by itself.',
      )
    : warning(
        'app-held',
        `${until} (${holdReason}).`,
        'Wait: it goes on by itself. See rate-limit if it happens often.',
      );
};

const mismatches = ({ apps, grants }: Facts): Finding[] => {
  if (!apps.known || !grants.known) return [];
  const strangers = grants.value.grants.filter(grant => {
    if (grant.state === 'revoked') return false;
    const app = apps.value.find(({ name }) => name === grant.app);
    return app?.server !== grant.server || grant.lastError?.code === 'app-mismatch';
  });
  if (strangers.length === 0) return [];
  const finding = problem(
    'app-mismatch',
    `${plural(strangers.length, 'grant')} cannot be refreshed, for the app that issued them is not in the apps secret, or is there with another server or client id: ${named(strangers, ({ app, server }) => `${app} at ${server}`)}.`,
    'Put that app back into the apps secret under the same name; or connect these accounts again with another.',
  );
  return [about(finding, strangers)];
};

export const checkApps = (facts: Facts): Finding[] => [
  ...secretFindings(facts),
  ...credentialFindings(facts),
  ...mismatches(facts),
  ...(facts.apps.known
    ? facts.apps.value.map(app => standingOf(app, facts.now)).filter(finding => finding !== undefined)
    : []),
];
