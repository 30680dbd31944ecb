/** RingCentral's own SDK, unmodified, takes the simulator for RingCentral. */

import sdkPackage from '@ringcentral/sdk';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../sandbox/ringcentral/index.ts';
import { ada, adasJwt, confidential, publicApp, redirectUri } from './harness.ts';
import { post, start } from './http.ts';

const { SDK } = sdkPackage as unknown as typeof import('@ringcentral/sdk');

const connect = ({ url }: Simulator, app: { clientId: string; clientSecret?: string } = confidential) => {
  const { clientId, clientSecret } = app;
  const sdk = new SDK({
    server: url,
    clientId,
    redirectUri,
    ...(clientSecret === undefined ? {} : { clientSecret }),
  });
  return sdk.platform();
};

const extensionPath = '/restapi/v1.0/account/~/extension/~';

describe('@ringcentral/sdk', () => {
  let simulator: Simulator;
  beforeEach(async () => {
    simulator = await start();
    await new SDK({ server: simulator.url }).cache().clean();
  });

  it.each([
    ['confidential', { ...confidential, clientSecret: 'ascii-secret' }],
    ['public', publicApp],
  ])('logs a %s app in with a JWT, reads, refreshes and logs out', async (_, app) => {
    const own = await start({ apps: [app] });
    const platform = connect(own, app);
    await platform.login({ jwt: adasJwt });
    expect(await (await platform.get(extensionPath)).json()).toMatchObject({ name: ada.name });
    const before = await platform.auth().data();
    await platform.refresh();
    const after = await platform.auth().data();
    expect(after.access_token).not.toBe(before.access_token);
    expect((await platform.get(extensionPath)).status).toBe(200);
    expect((await platform.logout()).status).toBe(200);
    expect(own.provider.sessions()).toMatchObject([{ alive: false, endReason: 'revoked', refreshes: 1 }]);
    expect(own.provider.stats().counts).toMatchObject({ issued: 1, refreshed: 1, revoked: 1, needless: 0 });
  });

  it('asks for lifetimes and gets them, over a refresh too', async () => {
    const own = await start({ apps: [{ ...confidential, clientSecret: 's' }] });
    const platform = connect(own, { ...confidential, clientSecret: 's' });
    const login = await platform.login({ jwt: adasJwt, access_token_ttl: 900, refresh_token_ttl: 86_400 });
    expect(await login.json()).toMatchObject({ expires_in: 900, refresh_token_expires_in: 86_400 });
    const refreshed = await platform.refresh();
    expect(await refreshed.json()).toMatchObject({ expires_in: 900, refresh_token_expires_in: 86_400 });
  });

  it('recovers by itself from a rejected access token, though it then asks for a lifetime of -1', async () => {
    const platform = connect(simulator, publicApp);
    await platform.login({ jwt: adasJwt });
    await platform.auth().setData({ access_token: 'x'.repeat(43) });
    expect((await platform.get(extensionPath)).status).toBe(200);
    expect(simulator.provider.stats().counts).toMatchObject({ refreshed: 1, resourceRefused: 1 });
  });

  it('logs in with a code and PKCE through its own login URL', async () => {
    const [redirect = ''] = publicApp.redirectUris;
    const platform = connect(simulator, publicApp);
    const url = new URL(platform.loginUrl({ usePKCE: true, state: 's', redirectUri: redirect }));
    expect((await fetch(url)).status).toBe(200);
    const consent = { ...Object.fromEntries(url.searchParams), owner_id: ada.ownerId, decision: 'allow' };
    const answer = await post(simulator, '/restapi/oauth/authorize', consent);
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    await platform.login({ code, redirect_uri: redirect });
    expect((await platform.get(extensionPath)).status).toBe(200);
  });

  it('is told of a refused refresh', async () => {
    const platform = connect(simulator, publicApp);
    await platform.login({ jwt: adasJwt });
    simulator.provider.endSessions(ada.ownerId);
    await expect(platform.refresh()).rejects.toThrow('Token revoked');
  });
});
