import { describe, expect, it } from 'vitest';
import { createTokenClient, RefreshLimited, RefreshPending, Unreachable } from '../../client/index.ts';
import { fakeClock, manualTransport, minuteMs, refused, scripted, served, startAt } from './fake.ts';

const id = 'acme:101';

const clientOf = (...answers: Parameters<typeof scripted>) => {
  const clock = fakeClock();
  const { transport, requests } = scripted(...answers);
  return { client: createTokenClient({ transport, clock }), clock, requests };
};

const manual = () => {
  const clock = fakeClock();
  const { transport, open } = manualTransport();
  return { client: createTokenClient({ transport, clock }), clock, open };
};

const at = (open: ReturnType<typeof manual>['open'], index: number) => {
  const found = open[index];
  if (found === undefined) throw new Error(`only ${open.length} requests were sent`);
  return found;
};

describe('a token', () => {
  it('is asked for once, and served from memory until its cacheUntil and no longer', async () => {
    const { client, clock, requests } = clientOf(served(1), served(2));
    expect((await client.get(id)).accessToken).toBe('token-1');
    clock.advance(40 * minuteMs - 1);
    expect((await client.get(id)).accessToken).toBe('token-1');
    expect(requests).toEqual([{ action: 'getToken', grantId: id }]);
    clock.advance(1);
    expect((await client.get(id)).accessToken).toBe('token-2');
    expect(requests).toHaveLength(2);
  });

  it('that comes after its cacheUntil is for whoever waited for it, and not kept', async () => {
    const cacheUntil = new Date(startAt).toISOString();
    const { client, requests } = clientOf(served(1, { cacheUntil }), served(2));
    expect((await client.get(id)).generation).toBe(1);
    expect((await client.get(id)).generation).toBe(2);
    expect(requests).toHaveLength(2);
  });

  it('is asked for anew when it does not live as long as asked', async () => {
    const { client, requests } = clientOf(served(1), served(2));
    await client.get(id);
    expect((await client.get(id, { minTtl: 3600 })).generation).toBe(1);
    expect((await client.get(id, { minTtl: 3601 })).generation).toBe(2);
    expect(requests[1]).toEqual({ action: 'getToken', grantId: id, minTtl: 3601 });
  });

  it('is asked for by one request however many wait, and by one for each grant', async () => {
    const { client, open } = manual();
    const all = Array.from({ length: 50 }, () => client.get(id));
    const other = client.get('acme:102');
    await new Promise(setImmediate);
    expect(open.map(({ request }) => request.grantId)).toEqual([id, 'acme:102']);
    await at(open, 0).answer(served(7));
    await at(open, 1).answer(served(1));
    expect(new Set(await Promise.all(all))).toHaveLength(1);
    expect(await other).toMatchObject({ grantId: 'acme:102', generation: 1 });
  });

  it('is dropped from memory in favour of grants that were used later', async () => {
    const { transport, requests } = scripted(served(1));
    const client = createTokenClient({ transport, clock: fakeClock(), maxGrants: 2 });
    for (const grantId of ['a', 'b', 'a', 'c', 'a', 'b']) await client.get(grantId);
    expect(requests.map(({ grantId }) => grantId)).toEqual(['a', 'b', 'c', 'b']);
  });

  it.each(['', '../x', 'a/b', 'a?b', '-a', 'ä', 'a'.repeat(129)])(
    'is never asked for under %j, which is no grant id',
    async grantId => {
      const { client, requests } = clientOf(served(1));
      await expect(client.get(grantId)).rejects.toMatchObject({ code: 'invalid-request' });
      await expect(client.revoke(grantId)).rejects.toMatchObject({ code: 'invalid-request' });
      expect(requests).toEqual([]);
    },
  );
});

describe('a rejection', () => {
  it('is reported once, however many report it, and all get the newer token', async () => {
    const { client, open } = manual();
    const all = Array.from({ length: 50 }, () => client.reject(id, 7));
    await new Promise(setImmediate);
    expect(open.map(({ request }) => request)).toEqual([
      { action: 'refreshToken', grantId: id, rejectedGeneration: 7 },
    ]);
    await at(open, 0).answer(served(8));
    expect(new Set((await Promise.all(all)).map(({ generation }) => generation))).toEqual(new Set([8]));
    expect((await client.reject(id, 7)).generation).toBe(8);
    expect((await client.get(id)).generation).toBe(8);
    expect(open).toHaveLength(1);
  });

  it('ends what is kept: the same token is not served from memory again, even where the server insists on it', async () => {
    const { client, requests } = clientOf(served(7), refused('refresh-limited', 429, 60), served(7));
    await client.get(id);
    await expect(client.reject(id, 7)).rejects.toBeInstanceOf(RefreshLimited);
    expect((await client.get(id)).generation).toBe(7);
    await client.get(id);
    expect(requests.map(({ action }) => action)).toEqual([
      'getToken',
      'refreshToken',
      'getToken',
      'getToken',
    ]);
  });

  it('is waited for by whoever asks meanwhile, in place of a question of their own', async () => {
    const { client, open } = manual();
    const report = client.reject(id, 7);
    const getter = client.get(id);
    await new Promise(setImmediate);
    expect(open).toHaveLength(1);
    await at(open, 0).answer(served(8));
    expect((await getter).generation).toBe(8);
    expect((await report).generation).toBe(8);
    expect(open).toHaveLength(1);
  });

  it('that fails is not the answer to whoever asked meanwhile', async () => {
    const { client, open } = manual();
    const report = client.reject(id, 7);
    const getter = client.get(id);
    await Promise.all([
      expect(report).rejects.toBeInstanceOf(RefreshLimited),
      at(open, 0).answer(refused('refresh-limited', 429)),
    ]);
    await at(open, 1).answer(served(7));
    expect((await getter).generation).toBe(7);
  });

  it('of an older generation than the kept one takes nothing away', async () => {
    const { client, requests } = clientOf(served(9));
    await client.get(id);
    expect((await client.reject(id, 8)).generation).toBe(9);
    expect((await client.get(id)).generation).toBe(9);
    expect(requests).toHaveLength(1);
  });
});

describe('a late answer', () => {
  it('never takes the place of a newer generation', async () => {
    const { client, open } = manual();
    const late = client.get(id);
    const report = client.reject(id, 7);
    await new Promise(setImmediate);
    await at(open, 1).answer(served(8));
    await at(open, 0).answer(served(7));
    expect((await late).generation).toBe(7);
    expect((await report).generation).toBe(8);
    expect((await client.get(id)).generation).toBe(8);
  });

  it('to a less demanding question does not either', async () => {
    const { client, open } = manual();
    const late = client.get(id);
    const newer = client.get(id, { minTtl: 60 });
    await at(open, 1).answer(served(8));
    await at(open, 0).answer(served(7));
    expect([(await late).generation, (await newer).generation]).toEqual([7, 8]);
    expect((await client.get(id)).generation).toBe(8);
  });

  it('with the rejected generation is not kept while the report is under way', async () => {
    const { client, open } = manual();
    const late = client.get(id);
    const report = client.reject(id, 7);
    await at(open, 0).answer(served(7));
    const getter = client.get(id);
    await at(open, 1).answer(served(8));
    expect([await late, await report, await getter].map(({ generation }) => generation)).toEqual([7, 8, 8]);
  });

  it.each([
    ['asked for before a revocation', [0, 1, 2]],
    ['asked for while a revocation is under way', [2, 1, 0]],
    ['that comes after it', [1, 2, 0]],
  ])('%s is not kept', async (_, order) => {
    const { client, open } = manual();
    const waits = [client.get(id), client.revoke(id), client.get(id)];
    expect(open.map(({ request }) => request.action)).toEqual(['getToken', 'revokeGrant', 'getToken']);
    for (const index of order) {
      await at(open, index).answer(index === 1 ? { ok: true, result: { state: 'revoked' } } : served(7));
    }
    await Promise.all(waits);
    const again = client.get(id);
    expect(open).toHaveLength(4);
    await Promise.all([
      expect(again).rejects.toMatchObject({ code: 'grant-revoked' }),
      at(open, 3).answer(refused('grant-revoked', 410)),
    ]);
  });
});

describe('a grant that begins again', () => {
  it('at generation 1 after it was gone is served from memory as any other', async () => {
    const { client, clock, requests } = clientOf(
      served(9),
      refused('grant-revoked', 410),
      served(1, { cacheUntil: new Date(startAt + 120 * minuteMs).toISOString() }),
    );
    await client.get(id);
    await expect(client.reject(id, 9)).rejects.toMatchObject({ code: 'grant-revoked' });
    clock.advance(minuteMs);
    await client.get(id);
    expect((await client.get(id)).generation).toBe(1);
    expect(requests).toHaveLength(3);
  });
});

describe('a grant that began again unnoticed', () => {
  it('takes the place of what was kept once the promise of that is over', async () => {
    const later = { cacheUntil: new Date(startAt + 120 * minuteMs).toISOString() };
    const { client, clock, requests } = clientOf(served(9), served(1, later));
    await client.get(id);
    clock.advance(40 * minuteMs);
    await client.get(id);
    expect((await client.get(id)).generation).toBe(1);
    expect(requests).toHaveLength(2);
  });
});

describe('a failure', () => {
  it('is not remembered', async () => {
    const { client } = clientOf(refused('reauthorization-required', 409), served(2));
    await expect(client.get(id)).rejects.toMatchObject({ code: 'reauthorization-required', status: 409 });
    expect((await client.get(id)).generation).toBe(2);
  });

  it.each(['refresh-pending', 'provider-unavailable'])(
    '%s is waited out as long as the API says',
    async code => {
      const { client, clock, requests } = clientOf(refused(code, 503, 3), refused(code, 503, 2), served(2));
      expect((await client.get(id)).generation).toBe(2);
      expect(clock.pauses).toEqual([3000, 2000]);
      expect(requests).toHaveLength(3);
    },
  );

  it('that would last for longer than maxWaitMs is told at once', async () => {
    const { client, clock, requests } = clientOf(refused('provider-unavailable', 503, 11), served(2));
    await expect(client.get(id)).rejects.toMatchObject({ retryAfterSeconds: 11 });
    expect(clock.pauses).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it('is told after three more tries, and the pauses are counted together', async () => {
    const { client, clock, requests } = clientOf(refused('refresh-pending', 503, 1));
    await expect(client.get(id)).rejects.toBeInstanceOf(RefreshPending);
    expect(requests).toHaveLength(4);
    const impatient = clientOf(refused('refresh-pending', 503, 4));
    await expect(impatient.client.get(id)).rejects.toBeInstanceOf(RefreshPending);
    expect(impatient.clock.pauses).toEqual([4000, 4000]);
    expect(clock.pauses).toEqual([1000, 1000, 1000]);
  });

  it('of the way there is tried again soon, and has its cause', async () => {
    const cause = new Error('ECONNREFUSED');
    const { client, clock } = clientOf(cause, cause, served(1));
    expect((await client.get(id)).generation).toBe(1);
    expect(clock.pauses).toEqual([200, 400]);
    const gone = clientOf(cause);
    const error = await gone.client.get(id).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ cause, status: 0, grantId: id });
  });

  it('is never tried again where maxWaitMs is 0, nor where trying is of no use', async () => {
    const { transport, requests } = scripted(refused('refresh-pending', 503, 1));
    const client = createTokenClient({ transport, clock: fakeClock(), maxWaitMs: 0 });
    await expect(client.get(id)).rejects.toBeInstanceOf(RefreshPending);
    const hopeless = clientOf(refused('misconfigured', 500, 1));
    await expect(hopeless.client.get(id)).rejects.toMatchObject({ code: 'misconfigured' });
    expect([requests.length, hopeless.requests.length]).toEqual([1, 1]);
  });

  it.each([
    [{}],
    [null],
    [{ accessToken: 't' }],
    [{ accessToken: 't', server: 's', generation: 1, expiresAt: 'x', cacheUntil: 'y' }],
  ])('is an answer that is not a token: %j', async result => {
    const { client } = clientOf({ ok: true, result });
    await expect(client.get(id)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('a caller that gives up', () => {
  it('stops waiting with its reason, and the others get their token', async () => {
    const { client, open } = manual();
    const controller = new AbortController();
    const left = client.get(id, { signal: controller.signal });
    const stays = client.get(id);
    const reported = client.reject(id, 3, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    await expect(reported).rejects.toThrow('enough');
    await at(open, 0).answer(served(4));
    expect((await stays).generation).toBe(4);
    await at(open, 1).answer(refused('refresh-limited', 429));
    expect((await client.get(id)).generation).toBe(4);
  });

  it('before it began asks nothing', async () => {
    const { client, requests } = clientOf(served(1));
    await expect(client.get(id, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(requests).toEqual([]);
  });
});
