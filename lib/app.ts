/** Entry for the CDK command line. `-c stack=NAME` gives the stack another name, so that an account can hold several. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { RingbearerStack } from './ringbearer-stack.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new RingbearerStack(app, String(app.node.tryGetContext('stack') ?? 'Ringbearer'));
