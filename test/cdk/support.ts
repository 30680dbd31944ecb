/** A stack with a keeper. The functions' bundles were built before the first test, and are not copied for each stack. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { RingbearerStack } from '../../lib/ringbearer-stack.ts';
import { TokenKeeper } from '../../lib/token-keeper.ts';
import type { TokenKeeperProps } from '../../lib/token-keeper-props.ts';

export const unstaged = { 'aws:cdk:disable-asset-staging': true };

export const newApp = (context: Record<string, unknown> = {}): App =>
  new App({ context: { ...unstaged, ...context } });

export const keeperTemplate = (keeper: TokenKeeperProps = {}): Template =>
  Template.fromStack(new RingbearerStack(newApp(), 'Ringbearer', { keeper }));

/** A keeper and whatever `use` adds to its stack. */
export const templateWith = (use: (keeper: TokenKeeper, stack: Stack) => void): Template => {
  const stack = new Stack(newApp(), 'Consumer');
  use(new TokenKeeper(stack, 'Keeper'), stack);
  return Template.fromStack(stack);
};

const messages = (found: ReturnType<Annotations['findError']>): string[] =>
  found.map(({ entry }) => String(entry.data));

/** What the synthesis of a keeper with these props complains of. */
export const complaints = (keeper: TokenKeeperProps): { errors: string[]; warnings: string[] } => {
  const annotations = Annotations.fromStack(new RingbearerStack(newApp(), 'Ringbearer', { keeper }));
  return {
    errors: messages(annotations.findError('*', Match.anyValue())),
    warnings: messages(annotations.findWarning('*', Match.anyValue())),
  };
};

export type Resource = { Type: string; Properties: Record<string, unknown>; DependsOn?: string[] };

export const resourcesOf = (template: Template, type: string): Resource[] =>
  Object.values(template.findResources(type)) as Resource[];

/** Routes, integrations or the stage of one of the HTTP APIs, by the beginning of its logical id. */
export const ofApi = (template: Template, api: string, type: string): Record<string, Resource> => {
  const apiOf = ({ Properties }: Resource): string => flat(Properties.ApiId);
  const all = Object.entries(template.findResources(`AWS::ApiGatewayV2::${type}`)) as [string, Resource][];
  return Object.fromEntries(all.filter(([, resource]) => apiOf(resource).startsWith(`<${api}`)));
};

/** A CloudFormation value with its references written as `<Name>` or `<Name.Attribute>`. */
export const flat = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::Join': join, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
  if (Ref) return `<${Ref}>`;
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(flat).join(join[0] as string);
  return JSON.stringify(value);
};

export type Statement = { actions: string[]; resources: string[]; condition: unknown };

type RawStatement = { Effect: string; Action: string | string[]; Resource: unknown; Condition?: unknown };

export const statementsOf = (document: { Statement: RawStatement[] }): Statement[] =>
  document.Statement.map(({ Action, Resource, Condition }) => ({
    actions: [Action].flat().sort(),
    resources: [Resource].flat().map(flat),
    condition: Condition,
  }));

/** Statements written into the role with this logical id prefix. */
export const roleStatements = (template: Template, prefix: string): Statement[] => {
  const [, role] =
    Object.entries(template.findResources('AWS::IAM::Role')).find(([id]) => id.startsWith(prefix)) ?? [];
  if (!role) throw new Error(`no role ${prefix}`);
  return role.Properties.Policies.flatMap((policy: { PolicyDocument: { Statement: RawStatement[] } }) =>
    statementsOf(policy.PolicyDocument),
  );
};
