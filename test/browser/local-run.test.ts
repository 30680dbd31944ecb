import { describe, expect, it } from 'vitest';
import { type LocalRun, startLocalRun } from '../../sandbox/local-run.ts';
import { realTime } from '../../sandbox/pace.ts';
import { launch, newPerson, whySkipped } from './browser.ts';

const nothing = (): void => {};
const silent = {
  onLine: nothing,
  onDeath: nothing,
  onServed: nothing,
  onEvent: nothing,
  onProvider: nothing,
};

const linkAt = async (run: LocalRun, grantId: string): Promise<string> => {
  const answer = await fetch(`${run.url}/grants/${grantId}/connect-links`, { method: 'POST' });
  const { url } = (await answer.json()) as { url: string };
  return url;
};

describe.skipIf(whySkipped)(`the local run${whySkipped ? ` (${whySkipped})` : ''}`, () => {
  it('connects an account in a browser, with a process for each function', async () => {
    const run = await startLocalRun({ port: 0, pace: realTime }, silent);
    const browser = await launch();
    try {
      const { press, allow, sees, objections } = await newPerson(browser);
      await press(await linkAt(run, 'demo:katherine'));
      await allow('1006');
      expect(await sees()).toBe('200 Your RingCentral account is connected');
      expect(objections).toEqual([]);
      const served = await fetch(`${run.url}/grants/demo:katherine/token`);
      expect(served.status).toBe(200);
    } finally {
      await browser.close();
      await run.close();
    }
  });
});
