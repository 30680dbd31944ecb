/** Findings for people. Pure. */

import type { Colors } from '../terminal.ts';
import { visible } from '../text.ts';
import { type Finding, plural, type Severity } from './finding.ts';

const paintOf = (severity: Severity, colors: Colors): ((text: string) => string) => {
  switch (severity) {
    case 'problem':
      return colors.red;
    case 'warning':
      return colors.yellow;
    case 'unknown':
      return colors.magenta;
    case 'note':
      return colors.cyan;
    case 'ok':
      return colors.green;
  }
};

const severityWidth = 'problem'.length;
const checkWidth = 'app-credentials'.length;
const indent = ' '.repeat(severityWidth + checkWidth + 4);

const render = ({ severity, check, what, todo }: Finding, colors: Colors): string[] => [
  `${paintOf(severity, colors)(severity.padEnd(severityWidth))}  ${colors.bold(check.padEnd(checkWidth))}  ${visible(what)}`,
  ...(todo === undefined ? [] : [`${indent}→ ${visible(todo)}`]),
];

const counted: readonly [Severity, string][] = [
  ['problem', 'problem'],
  ['warning', 'warning'],
  ['unknown', 'check that could not be made'],
];

const summary = (findings: readonly Finding[]): string => {
  const counts = counted.flatMap(([severity, name]) => {
    const count = findings.filter(finding => finding.severity === severity).length;
    const many = name === 'check that could not be made' ? 'checks that could not be made' : `${name}s`;
    return count === 0 ? [] : [plural(count, name, many)];
  });
  return counts.length === 0 ? 'Nothing is wrong.' : `${counts.join(', ')}.`;
};

export const renderFindings = (findings: readonly Finding[], colors: Colors): string[] => [
  ...findings.flatMap(finding => render(finding, colors)),
  '',
  summary(findings),
];
