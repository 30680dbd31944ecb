/** Another CDK application, with a keeper and a consumer. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import {
  defaultSettings,
  RingbearerStack,
  type Settings,
  TokenKeeper,
  type TokenKeeperProps,
} from 'ringbearer/cdk';

const app = new App();
const stack = new Stack(app, 'Own');
const settings: Partial<Settings> = { leaseMs: defaultSettings.leaseMs };
const props: TokenKeeperProps = { settings, api: { timeout: Duration.seconds(29), memorySizeMib: 256 } };
const keeper = new TokenKeeper(stack, 'Keeper', props);
const dialer = new LambdaFunction(stack, 'Dialer', {
  runtime: Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: Code.fromInline('exports.handler = async () => {};'),
});
keeper.grantGetToken(dialer);
keeper.grantRevoke(dialer, { grantIdPrefix: 'acme:' });
new RingbearerStack(app, 'Whole', { keeper: { sweepSchedules: 2 } });

// @ts-expect-error there is no such prop
export const wrong: TokenKeeperProps = { settings: { leaseSeconds: 1 } };

app.synth();
