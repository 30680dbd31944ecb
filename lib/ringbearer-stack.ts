import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TokenKeeper } from './token-keeper.ts';
import type { TokenKeeperProps } from './token-keeper-props.ts';

export interface RingbearerStackProps extends StackProps {
  /** @default - every default of {@link TokenKeeperProps} */
  readonly keeper?: TokenKeeperProps;
}

/** A token keeper by itself. Its outputs have the same names in every deployment. */
export class RingbearerStack extends Stack {
  readonly keeper: TokenKeeper;

  constructor(scope: Construct, id: string, { keeper, ...props }: RingbearerStackProps = {}) {
    super(scope, id, { description: 'Ringbearer: keeps RingCentral OAuth tokens alive', ...props });
    this.keeper = new TokenKeeper(this, 'Keeper', keeper);
    const { aliases } = this.keeper;
    this.output('ApiUrl', 'Base URL of the HTTP API', this.keeper.apiUrl);
    this.output('ApiFunctionName', 'Serves and revokes tokens', this.keeper.apiFunction.functionName);
    this.output('SweepFunctionName', 'Refreshes what is due', this.keeper.sweepFunction.functionName);
    this.output('GetAliasArn', 'Invoke to get tokens', aliases.get.functionArn);
    this.output('RevokeAliasArn', 'Invoke to revoke', aliases.revoke.functionArn);
    this.output('AdminAliasArn', 'Invoke for everything', aliases.admin.functionArn);
    this.output('TableName', 'The grants', this.keeper.table.tableName);
    this.output('AppsSecretArn', 'The RingCentral apps: put your own', this.keeper.appsSecret.secretArn);
    this.output('JwtSecretArn', 'The JWT credentials: put your own', this.keeper.jwtSecret.secretArn);
    const { connectUrl, redirectUri } = this.keeper;
    if (connectUrl) this.output('ConnectUrl', 'Where people connect their accounts', connectUrl);
    if (redirectUri) this.output('RedirectUri', 'To register with your app at RingCentral', redirectUri);
    this.output('DeadLetterQueueUrl', 'Sweeps that failed', this.keeper.deadLetterQueue.queueUrl);
    this.output('ScheduleGroupName', 'When the sweep runs', this.keeper.schedules.scheduleGroupName);
  }

  private output(name: string, description: string, value: string): void {
    new CfnOutput(this, name, { description, value });
  }
}
