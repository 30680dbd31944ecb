import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { connectRoutes } from '../../functions/connect/routes.ts';
import { RingbearerStack } from '../../lib/ringbearer-stack.ts';
import { newApp } from './support.ts';

const recommendedFlags = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('aws-cdk-lib/recommended-feature-flags.json'), 'utf8'),
) as Record<string, unknown>;

const findings = (app: App): string[] =>
  new AwsSolutionsChecks(app)
    .validateScope(app)
    .violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );

const acknowledged = (stack: RingbearerStack) =>
  stack.node.findAll().flatMap(construct =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([rule, reason]) => ({ rule: rule.replace(/^\w+::/, ''), reason, construct })),
  );

describe.each([
  ['without feature flags', {}],
  ['with every recommended feature flag', recommendedFlags],
])("cdk-nag's AwsSolutions pack %s", (_name, context) => {
  it('finds nothing that is not acknowledged', () => {
    const app = newApp(context);
    new RingbearerStack(app, 'Ringbearer');
    app.synth();
    expect(findings(app)).toEqual([]);
  });
});

describe('the exceptions', () => {
  const app = newApp();
  const stack = new RingbearerStack(app, 'Ringbearer');
  const exceptions = acknowledged(stack);

  it('are these three, each with a reason', () => {
    expect(exceptions.map(({ rule, construct }) => `${rule} ${construct.node.path}`).sort()).toEqual([
      'AwsSolutions-APIG4 Ringbearer/Keeper/ConnectApi',
      'AwsSolutions-SMG4 Ringbearer/Keeper/AppsSecret',
      'AwsSolutions-SMG4 Ringbearer/Keeper/JwtSecret',
      'AwsSolutions-SQS3 Ringbearer/Keeper/DeadLetters',
    ]);
    for (const { reason } of exceptions) expect(reason.length).toBeGreaterThan(40);
  });

  it('are all needed: without them the pack finds exactly what they excuse', () => {
    const without = newApp();
    const bare = new RingbearerStack(without, 'Ringbearer');
    for (const { construct } of acknowledged(bare)) {
      Object.defineProperty(construct.node, 'metadata', { value: [] });
    }
    expect(findings(without).sort()).toEqual([
      ...connectRoutes
        .map(({ name }) => `AwsSolutions-APIG4 Ringbearer/Keeper/ConnectApi/${name}/Resource`)
        .sort(),
      'AwsSolutions-SMG4 Ringbearer/Keeper/AppsSecret/Resource',
      'AwsSolutions-SMG4 Ringbearer/Keeper/JwtSecret/Resource',
      'AwsSolutions-SQS3 Ringbearer/Keeper/DeadLetters/Resource',
    ]);
  });
});
