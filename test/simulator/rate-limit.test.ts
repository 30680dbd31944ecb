import { describe, expect, it } from 'vitest';
import { bob, confidential, createWorld, MINUTE, SECOND } from './harness.ts';

const limited = (over: Parameters<typeof createWorld>[0] = {}) =>
  createWorld({ rateLimitScope: 'user', ...over });

describe('the Auth limit', () => {
  it('lets five requests pass in 60 s and says how many are left', () => {
    const world = limited();
    const remaining = Array.from({ length: 5 }, () => world.login().headers['x-rate-limit-remaining']);
    expect(remaining).toEqual(['4', '3', '2', '1', '0']);
    const refused = world.login();
    expect(refused).toMatchObject({ status: 429, code: 'CMN-301' });
    expect(refused.headers).toMatchObject({
      'retry-after': '60',
      'x-rate-limit-group': 'auth',
      'x-rate-limit-limit': '5',
      'x-rate-limit-remaining': '0',
      'x-rate-limit-window': '60',
    });
  });

  it('counts the last 60 s only', () => {
    const world = limited();
    for (let i = 0; i < 12; i++) {
      expect(world.login().status).toBe(200);
      world.advance(12 * SECOND);
    }
  });

  it('has a penalty that each request starts again', () => {
    const world = limited();
    for (let i = 0; i < 6; i++) world.login();
    world.advance(59 * SECOND);
    expect(world.login().status).toBe(429);
    world.advance(59 * SECOND);
    expect(world.login().headers['retry-after']).toBe('60');
    world.advance(MINUTE);
    expect(world.login().status).toBe(200);
  });

  it('leaves a refused refresh token as it was', () => {
    const world = limited({ rateLimitRequests: 1 });
    const { tokens } = world.login();
    expect(world.refresh(tokens.refresh_token).status).toBe(429);
    world.advance(MINUTE);
    expect(world.refresh(tokens.refresh_token).status).toBe(200);
  });

  it('counts revocations too', () => {
    const world = limited({ rateLimitRequests: 1 });
    const { tokens } = world.login();
    expect(world.revoke(tokens.access_token).status).toBe(429);
    expect(world.use(tokens.access_token).status).toBe(200);
  });

  it.each([
    ['user', 200],
    ['app', 429],
  ] as const)("by %s: another user's request is answered %d", (rateLimitScope, status) => {
    const world = limited({ rateLimitScope });
    const bobs = world.provider.authorize(bob.ownerId, confidential.clientId);
    for (let i = 0; i < 6; i++) world.login();
    expect(world.refresh(bobs.refresh_token).status).toBe(status);
  });

  it('can be off, without headers', () => {
    const world = createWorld();
    for (let i = 0; i < 50; i++) expect(world.login().status).toBe(200);
    expect(world.login().headers).not.toHaveProperty('x-rate-limit-limit');
  });

  it('outlives a restart', () => {
    const world = limited();
    for (let i = 0; i < 6; i++) world.login();
    expect(createWorld({ rateLimitScope: 'user' }, world.provider.snapshot()).login().status).toBe(429);
  });
});
