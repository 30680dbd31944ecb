import { describe, expect, it } from 'vitest';
import { checkSettings, defaultSettings } from '../../functions/domain/settings.ts';
import { compressed, hurried, realTime, rulesFor, settingsFor, sweepTimeoutFor } from '../../sandbox/pace.ts';
import { createProvider } from '../../sandbox/ringcentral/index.ts';

describe('the pace of a local run', () => {
  it.each([compressed, realTime, hurried])(
    'scales settings that pass the configuration check: $name',
    pace => {
      const settings = settingsFor(pace);
      expect(checkSettings(settings)).toEqual([]);
      expect(settings).toMatchObject({
        accessLifetimeMs: pace.accessLifetimeMs,
        refreshLifetimeMs: pace.refreshLifetimeMs,
      });
    },
  );

  it('is the deployed configuration at real lifetimes', () => {
    expect(settingsFor(realTime)).toEqual({ ...defaultSettings, waitBudgetMs: 8000 });
  });

  it.each([compressed, realTime, hurried])('gives the simulator the same lifetimes: $name', pace => {
    const settings = settingsFor(pace);
    const rules = rulesFor(settings);
    expect(rules).toMatchObject({
      accessTokenMs: settings.accessLifetimeMs,
      refreshTokenMs: settings.refreshLifetimeMs,
      replayWindowMs: settings.replayWindowMs,
    });
    expect(() => createProvider({ apps: [], users: [], ...rules })).not.toThrow();
    expect(rules.penaltyMs).toBeLessThanOrEqual(settings.maxHoldMs);
  });

  it('leaves every sweep time for at least one refresh', () => {
    for (const pace of [compressed, realTime, hurried]) {
      const settings = settingsFor(pace);
      const oneRefreshMs = settings.providerTimeoutMs + 2 * settings.commitBudgetMs;
      expect(sweepTimeoutFor(settings)).toBeGreaterThan(oneRefreshMs);
    }
  });
});
