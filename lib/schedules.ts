/** When the sweep runs: one schedule for each share of the lanes, in a group of their own. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Schedule,
  type ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { scheduleStatements } from './permissions.ts';

export type ScheduleSettings = {
  readonly expression: ScheduleExpression;
  readonly shares: readonly (readonly number[])[];
  readonly maxEventAge: Duration;
  readonly deadLetterQueue: Queue;
};

/** An invocation is of no use once the next one is due. Within what Lambda (6 hours) and EventBridge Scheduler (a minute) allow. */
export const maxEventAge = (intervalMs: number): Duration =>
  Duration.seconds(Math.min(Math.max(Math.floor(intervalMs / 1000), 60), 6 * 3600));

/**
 * Retries here are of the delivery to Lambda, not of a round: two, since a round that is lost is made up for by the next, but
 * that can be hours away. A round delivered twice does no harm.
 */
const deliveryRetries = 2;

export const createSchedules = (
  scope: Construct,
  sweep: LambdaFunction,
  settings: ScheduleSettings,
): ScheduleGroup => {
  const group = new ScheduleGroup(scope, 'ScheduleGroup', { removalPolicy: RemovalPolicy.DESTROY });
  const role = new Role(scope, 'ScheduleRole', {
    description: 'Ringbearer: lets its schedules invoke the sweep',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': group.scheduleGroupArn,
        },
      },
    }),
    inlinePolicies: {
      schedules: new PolicyDocument({ statements: scheduleStatements(sweep, settings.deadLetterQueue) }),
    },
  });
  for (const [share, lanes] of settings.shares.entries()) {
    const schedule = new Schedule(scope, `Schedule${share}`, {
      description: `Ringbearer: sweeps lanes ${lanes.join(', ')}`,
      schedule: settings.expression,
      scheduleGroup: group,
      timeWindow: TimeWindow.off(),
      target: new LambdaInvoke(sweep, {
        input: ScheduleTargetInput.fromObject({ lanes }),
        // The target would grant itself every version of the function as well.
        role: role.withoutPolicyUpdates(),
        retryAttempts: deliveryRetries,
        maxEventAge: settings.maxEventAge,
        deadLetterQueue: settings.deadLetterQueue,
      }),
    });
    // The group is named in the schedule and not referred to: CloudFormation would not know which comes first.
    schedule.node.addDependency(group);
  }
  return group;
};
