import { expect, it } from 'vitest';
import { run } from './process.ts';

it('lives through three "weeks" with crashes, a 429 and a lost answer, and loses no grant', async () => {
  const demo = run('demo', []);
  expect(await demo.exited(), demo.output() + demo.errors()).toBe(0);
  expect(demo.output()).toMatch(/grants alive +7 of 7/);
  expect(demo.output()).toMatch(/needless 0/);
  for (const fault of ['crash of the api', 'crash of the sweep', 'rate limit', 'lost answer']) {
    expect(demo.output()).toMatch(new RegExp(`^${fault}.*, survived$`, 'm'));
  }
}, 150_000);

it('refuses options', async () => {
  const demo = run('demo', ['--weeks', '9']);
  expect(await demo.exited()).toBe(2);
  expect(demo.errors().trim().split('\n')).toHaveLength(1);
});
