/** Facts in, findings out. Pure. */
import { checkSettings, defaultSettings, type Settings } from '../../functions/domain/settings.ts';
import { checkApps } from './app-checks.ts';
import { checkClocks } from './clock-checks.ts';
import type { Facts } from './facts.ts';
import { type Finding, ok, unknown, warning, whenKnown } from './finding.ts';
import { checkGrants } from './grant-checks.ts';
import { checkRate } from './rate-checks.ts';
import { checkSweep } from './sweep-checks.ts';

const settled = /^(CREATE_COMPLETE|UPDATE_COMPLETE|UPDATE_COMPLETE_CLEANUP_IN_PROGRESS|IMPORT_COMPLETE)$/;

const checkStack = ({ stackStatus, title }: Facts): Finding[] =>
  whenKnown('stack', stackStatus, status =>
    settled.test(status)
      ? [ok('stack', `Found: ${title}.`)]
      : [
          warning(
            'stack',
            `The ${title} is in ${status}.`,
            'While a deployment is under way, look again afterwards. After a failed one, CloudFormation says what failed: deploy again.',
          ),
        ],
  );

const checkStored = ({ settings }: Facts): Finding[] => {
  if (!settings.known) {
    const missing = unknown('settings', settings);
    return [{ ...missing, what: `${missing.what} The default settings are assumed.` }];
  }
  const problems = checkSettings(settings.value);
  return problems.length === 0
    ? [ok('settings', 'They fit together.')]
    : problems.map(({ setting, message }) =>
        warning('settings', `${setting}: ${message}.`, 'Change it in the props of TokenKeeper, and deploy.'),
      );
};

/** In the order in which causes come before what follows from them. */
export const judge = (facts: Facts): Finding[] => {
  const settings: Settings = facts.settings.known ? facts.settings.value : defaultSettings;
  return [
    ...checkStack(facts),
    ...checkStored(facts),
    ...checkApps(facts),
    ...checkSweep(facts, settings),
    ...checkGrants(facts, settings),
    ...checkClocks(facts, settings),
    ...checkRate(facts, settings),
  ];
};
