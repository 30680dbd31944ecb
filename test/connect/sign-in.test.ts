import { beforeEach, describe, expect, it } from 'vitest';
import { hashOf, newSecret } from '../../functions/connect/secrets.ts';
import { exchangeMs, signInMs } from '../../functions/domain/link.ts';
import { terms } from '../domain/links.ts';
import { askedOf, type ConnectWorld, createConnectWorld, gist, url } from './world.ts';

let world: ConnectWorld;
beforeEach(() => {
  world = createConnectWorld();
});

const browser = newSecret();
const code = 'SECRET-code';
const connectedUrl = `${url}/oauth/connected`;

/** A link that this browser has begun with. */
const begun = async (change = {}) => {
  const link = world.link(change);
  return { link, ...askedOf(await world.press(link, browser)) };
};

describe('the authorisation request', () => {
  it('asks the server of the link with its client, our redirect URI, a state and an S256 challenge', async () => {
    const { parameters, state } = await begun();
    const { codeVerifier } = world.stored();
    expect(Object.fromEntries(parameters)).toEqual({
      response_type: 'code',
      client_id: 'client',
      redirect_uri: `${url}/oauth/callback`,
      state,
      code_challenge: hashOf(codeVerifier ?? ''),
      code_challenge_method: 'S256',
    });
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
  });

  it('carries no challenge where the app has no PKCE, and none is exchanged', async () => {
    const { parameters, state } = await begun({ pkce: false });
    expect([...parameters.keys()]).toEqual(['response_type', 'client_id', 'redirect_uri', 'state']);
    await world.comeBack({ state, code, browser });
    expect(world.handed[0]?.body.codeVerifier).toBeUndefined();
  });

  it('has another state and another verifier each time', async () => {
    const { link, state, parameters } = await begun();
    const again = askedOf(await world.press(link, browser));
    expect(again.state).not.toBe(state);
    expect(again.parameters.get('code_challenge')).not.toBe(parameters.get('code_challenge'));
  });

  it('is of a link of which nothing is stored that anybody could use', async () => {
    const { link, state } = await begun();
    const stored = JSON.stringify(world.stored());
    for (const handle of [link, state]) expect(stored).not.toContain(handle.split('.')[1]);
    expect(stored).not.toContain(browser);
  });
});

describe('a code that comes back', () => {
  it('is handed to the keeper, once, with everything that the link says, and the link is used', async () => {
    const wishes = {
      strategy: 'hourly',
      label: 'Ada',
      endpointId: 'endpoint-1',
      accessTokenTtlSeconds: 600,
      refreshTokenTtlSeconds: 0,
      allowOwnerChange: true,
    } as const;
    const { state } = await begun(wishes);
    const { codeVerifier } = world.stored();
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
    expect(world.handed).toEqual([
      {
        grantId: 'acme:101',
        body: {
          app: 'main',
          code,
          codeVerifier,
          redirectUri: `${url}/oauth/callback`,
          endpointId: 'endpoint-1',
          strategy: 'hourly',
          label: 'Ada',
          accessTokenTtl: 600,
          refreshTokenTtl: 0,
          allowOwnerChange: true,
        },
      },
    ]);
    expect(world.stored().phase).toBe('connected');
  });

  it('goes nowhere before its state is consumed and the verifier gone', async () => {
    const { state } = await begun();
    const seen: unknown[] = [];
    world.onConnect = () => {
      seen.push(world.stored().phase, world.stored().codeVerifier);
      return { ok: true };
    };
    await world.comeBack({ state, code, browser });
    expect(seen).toEqual(['exchanging', undefined]);
  });

  it('goes nowhere when the state could not be consumed', async () => {
    const { state } = await begun();
    world.onWrite = () => {
      throw new Error('the table is down');
    };
    await expect(world.comeBack({ state, code, browser })).rejects.toThrow();
    expect(world.handed).toEqual([]);
  });

  it('is exchanged once, however many bring it at once', async () => {
    const { state } = await begun();
    const replies = await Promise.all([1, 2, 3].map(() => world.comeBack({ state, code, browser })));
    expect(world.handed).toHaveLength(1);
    expect(replies.map(gist).sort()).toEqual([409, 409, connectedUrl]);
  });

  it.each([
    ['without a cookie', undefined],
    ['with the cookie of another browser', newSecret()],
  ])('is not taken %s, and its own browser can still bring it', async (_what, stranger) => {
    const { state } = await begun();
    expect(gist(await world.comeBack({ state, code, browser: stranger }))).toBe(403);
    expect(world.handed).toEqual([]);
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
  });

  it.each([
    ['no state', () => undefined, 400],
    ['a state of no form', () => 'x', 400],
    ['a state of no link', () => `link-2.${newSecret()}`, 400],
    ['a forged state of the right link', () => `link-1.${newSecret()}`, 409],
    ['the secret of the link in place of a state', (link: string) => link, 409],
  ])('is not taken with %s', async (_what, forge, status) => {
    const { link } = await begun();
    expect(gist(await world.comeBack({ state: forge(link), code, browser }))).toBe(status);
    expect(world.handed).toEqual([]);
  });

  it('is not taken when the browser has begun anew since: only the newest state lives', async () => {
    const { link, state } = await begun();
    const newer = askedOf(await world.press(link, browser));
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(409);
    expect(gist(await world.comeBack({ state: newer.state, code, browser }))).toBe(connectedUrl);
    expect(world.handed).toHaveLength(1);
  });

  it('is not taken a second time, whether or not the first one connected', async () => {
    const { link, state } = await begun();
    world.onConnect = () => ({ ok: false, error: { code: 'authorization-refused' } });
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(400);
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(409);
    world.onConnect = () => ({ ok: true });
    const again = askedOf(await world.press(link, browser));
    await world.comeBack({ state: again.state, code, browser });
    expect(gist(await world.comeBack({ state: again.state, code, browser }))).toBe(410);
    expect(world.handed).toHaveLength(2);
  });

  it('is taken as long as a person may need, and no longer', async () => {
    const { state } = await begun();
    world.now += signInMs;
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(410);
    world.now -= 1;
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
  });

  it.each([
    ['a code and an error', { code, error: 'access_denied' }],
    ['neither', {}],
  ])('together with what makes no sense is not taken, and uses nothing up: %s', async (_what, answer) => {
    const { state } = await begun();
    expect(gist(await world.comeBack({ state, browser, ...answer }))).toBe(400);
    expect(world.handed).toEqual([]);
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
  });
});

describe('an error that comes back', () => {
  it.each([
    ['access_denied', 403],
    ['server_error', 502],
  ])('%s consumes the state, asks nobody, and lets the same browser begin again', async (error, status) => {
    const { link, state } = await begun();
    expect(gist(await world.comeBack({ state, error, browser }))).toBe(status);
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(409);
    expect(world.handed).toEqual([]);
    expect(world.stored()).not.toHaveProperty('codeVerifier');
    const again = askedOf(await world.press(link, browser));
    expect(gist(await world.comeBack({ state: again.state, code, browser }))).toBe(connectedUrl);
  });

  it('with a forged state is not even shown', async () => {
    await begun();
    const reply = await world.comeBack({ state: `link-1.${newSecret()}`, error: 'pay_here', browser });
    expect(JSON.stringify(reply)).not.toContain('pay_here');
  });
});

describe('a link', () => {
  it('is of the browser that began, however often that begins again', async () => {
    const { link } = await begun();
    for (const other of [undefined, newSecret()]) {
      expect(gist(await world.show(link, other))).toBe(403);
      expect(gist(await world.press(link, other))).toBe(403);
    }
    expect(gist(await world.show(link, browser))).toBe(200);
    expect(askedOf(await world.press(link, browser)).browser).toBe(browser);
  });

  it('is of one of two browsers that press the button at once', async () => {
    const link = world.link();
    const replies = await Promise.all([1, 2, 3].map(() => world.press(link)));
    expect(replies.filter(({ kind }) => kind === 'redirect')).toHaveLength(1);
    expect(replies.filter(reply => gist(reply) === 403)).toHaveLength(2);
  });

  it('gives a browser its secret with the page, so that pressing twice is pressing again', async () => {
    const link = world.link();
    const shown = await world.show(link);
    expect(shown.browser).toMatch(/^[\w-]{43}$/);
    const replies = await Promise.all([1, 2].map(() => world.press(link, shown.browser)));
    expect(replies.map(({ kind }) => kind)).toEqual(['redirect', 'redirect']);
    expect((await world.show(link, browser)).browser).toBeUndefined();
  });

  it('is not changed by being looked at', async () => {
    const link = world.link();
    const before = world.stored();
    await world.show(link);
    await world.show(link, browser);
    expect(world.stored()).toBe(before);
  });

  it('that was used is used for everybody', async () => {
    const { link, state } = await begun();
    await world.comeBack({ state, code, browser });
    for (const who of [browser, newSecret(), undefined]) {
      expect(gist(await world.show(link, who))).toBe(410);
      expect(gist(await world.press(link, who))).toBe(410);
    }
  });

  it.each([
    ['of no form', 'link-1'],
    ['that there is not', `link-2.${newSecret()}`],
    ['with another secret', `link-1.${newSecret()}`],
    ['with more than a secret', `link-1.${newSecret()}x`],
    ['as long as a book', 'x'.repeat(1_000_000)],
  ])('%s is not valid', async (_what, link) => {
    world.link();
    expect(gist(await world.show(link, browser))).toBe(404);
    expect(gist(await world.press(link, browser))).toBe(404);
  });

  it('is not valid on the page of another grant', async () => {
    const link = world.link({ grantId: 'acme:102' });
    expect(gist(await world.show(link, browser))).toBe(404);
    expect(gist(await world.press(link, browser))).toBe(404);
  });

  it('is over at its end', async () => {
    const link = world.link();
    world.now = terms.expiresAt;
    expect(gist(await world.show(link))).toBe(410);
    expect(gist(await world.press(link))).toBe(410);
  });
});

describe('where the browser goes in the end', () => {
  const returnTo = 'https://app.example/settings?connected=1';

  it('is where the link says', async () => {
    world.returnTo = ['https://app.example/settings'];
    const { state } = await begun({ returnTo });
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(returnTo);
  });

  it('is our own page where that is not allowed any more', async () => {
    world.returnTo = ['https://app.example/other'];
    const { state } = await begun({ returnTo });
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
  });
});

describe('a keeper', () => {
  it.each([
    ['authorization-refused', 400],
    ['owner-mismatch', 409],
    ['owner-already-connected', 409],
    ['grant-revoked', 410],
    ['misconfigured', 500],
    ['provider-unavailable', 503],
    ['invalid-request', 500],
    ['internal-error', 500],
  ])('that answers %s leaves the link to its browser, and a page of status %i', async (problem, status) => {
    const { link, state } = await begun();
    world.onConnect = () => ({ ok: false, error: { code: problem } });
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(status);
    expect(gist(await world.show(link, browser))).toBe(200);
    expect(gist(await world.show(link, newSecret()))).toBe(403);
  });

  it('that says when to come again is passed on', async () => {
    const { state } = await begun();
    world.onConnect = () => ({ ok: false, error: { code: 'provider-unavailable', retryAfterSeconds: 37 } });
    const reply = await world.comeBack({ state, code, browser });
    expect(reply).toMatchObject({ page: { status: 503, retryAfterSeconds: 37 } });
    expect(JSON.stringify(reply)).toContain('37 seconds');
  });

  it('whose answer is lost leaves a page that claims nothing, and the same browser may begin again', async () => {
    const { link, state } = await begun();
    world.onConnect = () => {
      throw Object.assign(new Error('SECRET-detail'), { name: 'TimeoutError' });
    };
    const reply = await world.comeBack({ state, code, browser });
    expect(gist(reply)).toBe(500);
    expect(JSON.stringify(reply)).toContain('may be connected or not');
    expect(JSON.stringify([reply, world.facts])).not.toContain('SECRET-detail');
    world.onConnect = () => ({ ok: true });
    const again = askedOf(await world.press(link, browser));
    expect(gist(await world.comeBack({ state: again.state, code, browser }))).toBe(connectedUrl);
  });

  it('that has connected is believed, even when the link cannot be written any more', async () => {
    const { state } = await begun();
    world.onConnect = () => {
      world.onWrite = () => {
        throw new Error('the table is down');
      };
      return { ok: true };
    };
    expect(gist(await world.comeBack({ state, code, browser }))).toBe(connectedUrl);
    expect(world.facts).toContainEqual({ type: 'link-not-settled', code: 'Error' });
  });
});

describe('a function that dies while a code is exchanged', () => {
  it('keeps its link busy for a minute, and then the same browser may begin again', async () => {
    const { link, state } = await begun();
    world.onConnect = () => new Promise(() => {});
    void world.comeBack({ state, code, browser });
    await new Promise(setImmediate);
    expect(world.handed).toHaveLength(1);
    expect(gist(await world.press(link, browser))).toBe(409);
    world.now += exchangeMs;
    world.onConnect = () => ({ ok: true });
    const again = askedOf(await world.press(link, browser));
    expect(gist(await world.comeBack({ state: again.state, code, browser }))).toBe(connectedUrl);
  });

  it('and was only slow ends nothing that was begun after it', async () => {
    const { link, state } = await begun();
    let answer = (_result: { ok: true }): void => {};
    world.onConnect = () =>
      new Promise(resolve => {
        answer = resolve;
      });
    const slow = world.comeBack({ state, code, browser });
    await new Promise(setImmediate);
    world.now += exchangeMs;
    const again = askedOf(await world.press(link, browser));
    answer({ ok: true });
    expect(gist(await slow)).toBe(connectedUrl);
    expect(world.stored()).toMatchObject({
      phase: 'begun',
      stateHash: hashOf(again.state.split('.')[1] ?? ''),
    });
  });
});
