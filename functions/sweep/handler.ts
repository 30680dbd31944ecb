/** The sweep function: invoked by its schedules, each with its share of the lanes. */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as v from 'valibot';
import { laneCount } from '../domain/lane.ts';
import type { SweepReport } from '../keeper/sweep.ts';
import { createRuntime } from '../runtime.ts';
import { logger, metrics, reportSweep } from '../telemetry.ts';

const everyLane = Array.from({ length: laneCount }, (_, lane) => lane);

const lane = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(laneCount - 1));

const inputSchema = v.strictObject({
  lanes: v.optional(
    v.pipe(
      v.array(lane),
      v.minLength(1),
      v.maxLength(laneCount),
      v.check(lanes => new Set(lanes).size === lanes.length, 'a lane is named twice'),
    ),
    everyLane,
  ),
  dryRun: v.optional(v.boolean(), false),
});

export class InvalidSweepInputError extends Error {
  override readonly name = 'InvalidSweepInputError';
}

const parseInput = (event: unknown): v.InferOutput<typeof inputSchema> => {
  const parsed = v.safeParse(inputSchema, event ?? {});
  if (parsed.success) return parsed.output;
  // Only its own names: whatever else is in the event may be anything.
  const field =
    (['lanes', 'dryRun'] as const).find(name => parsed.issues[0].path?.[0].key === name) ?? 'the event';
  throw new InvalidSweepInputError(
    `The sweep takes {"lanes":[0…${laneCount - 1}],"dryRun":true|false}, both optional; not valid: ${field}.`,
  );
};

const runtime = createRuntime();

const sweep = async (event: unknown, context: Context): Promise<SweepReport> => {
  const { lanes, dryRun } = parseInput(event);
  const deadlineAt = runtime.deadlineAt(context.getRemainingTimeInMillis());
  const report = await runtime.keeper.sweep({ lanes, dryRun, deadlineAt });
  reportSweep(report);
  return report;
};

export const handler = middy<unknown, SweepReport, Error, Context>()
  .use(injectLambdaContext(logger, { clearState: true }))
  .use(logMetrics(metrics))
  .handler(sweep);
