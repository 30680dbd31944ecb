import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, newPerson, type Person, whySkipped } from './browser.ts';
import { type Stage, startStage } from './stage.ts';

const connected = '200 Your RingCentral account is connected';

describe.skipIf(whySkipped)(
  `an account is connected in a browser${whySkipped ? ` (${whySkipped})` : ''}`,
  () => {
    let browser: Browser;
    let stage: Stage;
    let person: Person;
    let grantId: string;
    let owner: string;
    const people: Person[] = [];

    const somebody = async (): Promise<Person> => {
      const another = await newPerson(browser);
      people.push(another);
      return another;
    };

    beforeAll(async () => {
      process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
      process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';
      [browser, stage] = await Promise.all([launch(), startStage()]);
    });
    afterAll(async () => {
      await browser.close();
      await stage.close();
    });
    beforeEach(async () => {
      person = await somebody();
      grantId = stage.newId();
      owner = stage.newOwner();
    });
    afterEach(async () => {
      const objections = people.flatMap(each => each.objections);
      await Promise.all(people.splice(0).map(each => each.leave()));
      // A breach of the content security policy is reported so.
      expect(objections).toEqual([]);
    });

    it('by a link, a button, and consent: the token works, and nothing is left in the address bar', async () => {
      const url = await stage.link(grantId);
      await person.press(url);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
      expect(person.page.url()).toBe(`${stage.sandbox.url}/oauth/connected`);
      expect(await stage.grant(grantId)).toMatchObject({ state: 'active', ownerId: owner });
      expect(await stage.works(grantId)).toBe(true);
    });

    it('and sent back to where the link says', async () => {
      await person.press(await stage.link(grantId, { returnTo: `${stage.appUrl}/settings?from=ringbearer` }));
      await person.allow(owner);
      expect(await person.sees()).toBe('200 Your settings');
      expect(person.page.url()).toBe(`${stage.appUrl}/settings?from=ringbearer`);
    });

    it('but never sent to where nobody has allowed it', async () => {
      await expect(stage.link(grantId, { returnTo: 'https://evil.example/' })).rejects.toThrow('"returnTo"');
      const url = await stage.link(grantId, { returnTo: `${stage.appUrl}/settings` });
      await stage.alter(url, { returnTo: `${stage.appUrl}/elsewhere` });
      await person.press(url);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('without a page in between, where RingCentral asks nothing: every redirect after the button is allowed', async () => {
      stage.silentOwner = owner;
      const returnTo = `${stage.appUrl}/settings`;
      await person.page.goto(await stage.link(grantId, { app: 'silent', returnTo }));
      await person.page.getByRole('button').click();
      await person.page.waitForURL(returnTo);
      expect(await stage.grant(grantId)).toMatchObject({ state: 'active', ownerId: owner });
    });

    it.each([
      ['a public client', 'public', 'S256'],
      ['a client without PKCE', 'plain', null],
    ])('by %s', async (_what, app, challenged) => {
      await person.press(await stage.link(grantId, { app }));
      const asked = new URL(person.page.url()).searchParams;
      expect(asked.get('code_challenge_method')).toBe(challenged);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
      expect(await stage.works(grantId)).toBe(true);
    });

    it('for as long as its access token lives, where the link asks for no refresh token', async () => {
      await person.press(await stage.link(grantId, { accessTokenTtl: 600, refreshTokenTtl: 0 }));
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
      const grant = await stage.grant(grantId);
      expect(grant).not.toHaveProperty('refreshExpiresAt');
      expect(Date.parse(grant.accessExpiresAt) - Date.now()).toBeLessThanOrEqual(600_000);
      expect(await stage.works(grantId)).toBe(true);
    });

    it('after it was denied, by the same link in the same browser', async () => {
      const url = await stage.link(grantId);
      await person.press(url);
      await person.deny();
      expect(await person.sees()).toBe('403 Access was not allowed');
      expect(await stage.grant(grantId)).toMatchObject({ code: 'grant-not-found' });
      await person.press(url);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('by a button that is pressed twice', async () => {
      await person.page.goto(await stage.link(grantId));
      await person.page.getByRole('button').dblclick();
      await person.page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('although the first answer to the button was lost', async () => {
      const url = await stage.link(grantId);
      await person.page.goto(url);
      await person.page.route('**/connect/**', async route => {
        const request = route.request();
        if (request.method() !== 'POST') return route.continue();
        // It arrives, and what comes of it does not.
        const { cookie = '' } = await request.allHeaders();
        const headers = { ...request.headers(), cookie };
        const answer = await fetch(request.url(), {
          method: 'POST',
          headers,
          body: request.postData(),
          redirect: 'manual',
        });
        expect(answer.status).toBe(303);
        return route.abort();
      });
      const lost = person.page.waitForEvent('requestfailed');
      await person.page.getByRole('button').click();
      await lost;
      await person.page.unroute('**/connect/**');
      await person.press(url);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('although scanners and previews have opened the link before', async () => {
      const url = await stage.link(grantId);
      for (const headers of [{}, { purpose: 'prefetch', 'sec-purpose': 'prefetch;prerender' }]) {
        expect((await fetch(url, { headers })).status).toBe(200);
      }
      expect((await fetch(url, { method: 'HEAD' })).status).toBe(404);
      await (await somebody()).page.goto(url);
      await person.press(url);
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('once: the link is used then, in every browser', async () => {
      const url = await stage.link(grantId);
      await person.press(url);
      await person.allow(owner);
      const stranger = await somebody();
      for (const { page, sees } of [person, stranger]) {
        await page.goto(url);
        expect(await sees()).toBe('410 This link has been used');
      }
      expect(await stage.grant(grantId)).toMatchObject({ generation: 1 });
    });

    it('by the browser that began, and by no other', async () => {
      const url = await stage.link(grantId);
      await person.press(url);
      const stranger = await somebody();
      await stranger.page.goto(url);
      expect(await stranger.sees()).toBe('403 This link was opened in another browser');
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
    });

    it('not by a code and state that were carried to another browser', async () => {
      await person.press(await stage.link(grantId));
      const callback = stage.callbackFor(person.page.url(), owner);
      const stranger = await somebody();
      await stranger.page.goto(callback);
      expect(await stranger.sees()).toBe('403 This link was opened in another browser');
      await person.page.goto(callback);
      expect(await person.sees()).toBe(connected);
    });

    it('by each state and by each code once', async () => {
      const seen: string[] = [];
      person.page.on('request', request => {
        if (request.url().includes('/oauth/callback')) seen.push(request.url());
      });
      await person.press(await stage.link(grantId));
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
      const [first = ''] = seen;
      await person.page.goto(first);
      expect(await person.sees()).toBe('410 This link has been used');
      // The code that is spent, with a state that is not.
      await person.press(await stage.link(grantId));
      const state = new URL(person.page.url()).searchParams.get('state') ?? '';
      const spent = new URL(first);
      spent.searchParams.set('state', state);
      await person.page.goto(spent.href);
      expect(await person.sees()).toBe('400 The sign-in took too long, or was used already');
      await person.page.goto(spent.href);
      expect(await person.sees()).toBe('409 This sign-in is over');
      expect(await stage.works(grantId)).toBe(true);
    });

    it.each([
      [
        'of the right link',
        (state: string) => `${state.split('.')[0]}.${'x'.repeat(43)}`,
        '409 This sign-in is over',
      ],
      [
        'of no link',
        () => `${crypto.randomUUID()}.${'x'.repeat(43)}`,
        '400 This is not an answer of RingCentral',
      ],
      ['of no form', () => 'x', '400 This is not an answer of RingCentral'],
    ])('not by a forged state %s', async (_what, forge, expected) => {
      await person.press(await stage.link(grantId));
      const state = new URL(person.page.url()).searchParams.get('state') ?? '';
      const query = new URLSearchParams({ state: forge(state), code: 'x' });
      await person.page.goto(`${stage.sandbox.url}/oauth/callback?${query}`);
      expect(await person.sees()).toBe(expected);
      expect(await stage.grant(grantId)).toMatchObject({ code: 'grant-not-found' });
    });

    it('not by a link that is over', async () => {
      const url = await stage.link(grantId);
      await person.page.goto(url);
      await stage.alter(url, { expiresAt: Date.now() });
      await person.page.getByRole('button').click();
      await person.page.getByRole('heading', { name: 'expired' }).waitFor();
      expect(await person.sees()).toBe('410 This link has expired');
    });

    it('in one of two tabs: the one that began last', async () => {
      const url = await stage.link(grantId);
      const second = await person.context.newPage();
      await person.press(url);
      await person.press(url, second);
      await person.allow(owner);
      expect(await person.sees()).toBe('409 This sign-in is over');
      await person.allow(owner, second);
      expect(await person.sees(second)).toBe(connected);
    });

    it('once, whoever goes back and allows it again', async () => {
      await person.press(await stage.link(grantId));
      await person.allow(owner);
      expect(await person.sees()).toBe(connected);
      await person.page.goBack();
      await person.allow(owner);
      expect(await person.sees()).toBe('410 This link has been used');
      expect(await stage.grant(grantId)).toMatchObject({ generation: 1 });
      expect(await stage.works(grantId)).toBe(true);
    });

    it('not in place of that of another user, unless the link allows it', async () => {
      await person.press(await stage.link(grantId));
      await person.allow(owner);
      const other = stage.newOwner();
      await person.press(await stage.link(grantId));
      await person.allow(other);
      expect(await person.sees()).toBe('409 This is another RingCentral user');
      expect(await stage.grant(grantId)).toMatchObject({ ownerId: owner, generation: 1 });
      await person.press(await stage.link(grantId, { allowOwnerChange: true }));
      await person.allow(other);
      expect(await person.sees()).toBe(connected);
      expect(await stage.grant(grantId)).toMatchObject({ ownerId: other, generation: 2 });
      expect(await stage.works(grantId)).toBe(true);
    });
  },
);
