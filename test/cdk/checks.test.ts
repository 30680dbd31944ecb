import { Duration } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { complaints } from './support.ts';

describe('at synth', () => {
  it('settings that could lose a token are refused', () => {
    expect(complaints({ settings: { leaseMs: 5_000 } }).errors).toEqual([
      expect.stringContaining('raise leaseMs (5 s) to providerTimeoutMs + commitBudgetMs'),
    ]);
  });

  it('settings that put one at risk are warned of', () => {
    expect(complaints({ settings: { replayWindowMs: 300_000 } }).warnings).toEqual([
      expect.stringContaining('lower sweepIntervalMs'),
    ]);
  });

  it('an api function that ends before a getter has waited and refreshed is refused', () => {
    expect(complaints({ api: { timeout: Duration.seconds(27) } }).errors).toEqual([
      expect.stringContaining('= 28 s: raise api.timeout or lower waitBudgetMs to 7 s'),
    ]);
    expect(complaints({ settings: { waitBudgetMs: 10_000 } }).errors).toEqual([
      expect.stringContaining('= 30 s: raise api.timeout or lower waitBudgetMs to 9 s'),
    ]);
    expect(complaints({ api: { timeout: Duration.seconds(28) } }).errors).toEqual([]);
  });

  it('an api function that API Gateway does not wait for is warned of', () => {
    const { errors, warnings } = complaints({ api: { timeout: Duration.seconds(60) } });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('lower it to 29 s')]);
  });

  it('a sweep too short for one lease, or longer than Lambda allows, is refused', () => {
    expect(complaints({ sweep: { timeout: Duration.seconds(59) } }).errors).toEqual([
      expect.stringContaining('raise sweep.timeout (59 s) to leaseMs (60 s)'),
    ]);
    expect(complaints({ sweep: { timeout: Duration.minutes(16) } }).errors).toEqual([
      expect.stringContaining('lower it to 900 s'),
    ]);
  });

  it('a sweep that runs into its next round is warned of', () => {
    expect(complaints({ sweep: { timeout: Duration.minutes(10) } }).warnings).toEqual([
      expect.stringContaining("lower sweep.timeout (600 s) to the schedule's interval (300 s)"),
    ]);
  });
});
