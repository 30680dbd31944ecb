import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  begin,
  consume,
  exchangeMs,
  type Link,
  newLink,
  refusalToBegin,
  settle,
  signInMs,
} from '../../functions/domain/link.ts';
import { start } from './grants.ts';
import {
  beginning,
  begunLink,
  callback,
  exchangingLink,
  linkOf,
  minute,
  openLink,
  terms,
  visitor,
} from './links.ts';

const connectedLink = linkOf(settle(exchangingLink, 'state-1', true, start));
const failedLink = linkOf(settle(exchangingLink, 'state-1', false, start));
const { browserHash: _, ...stranger } = visitor;
const another = { ...visitor, browserHash: 'browser-2' };
const anotherBeginning = { ...beginning, browserHash: 'browser-2' };

describe('a new link', () => {
  it('is open, and keeps its terms and the hash of its secret', () => {
    expect(openLink).toMatchObject({ ...terms, linkId: 'link-1', secretHash: 'secret-1', phase: 'open' });
  });

  it('may vanish a day after the last sign-in that it allows, in whole seconds', () => {
    const { deleteAt } = newLink('l', 's', { ...terms, expiresAt: start + 1 }, start);
    expect(deleteAt % 1000).toBe(0);
    expect(deleteAt).toBeGreaterThanOrEqual(start + 1 + signInMs + 24 * 60 * minute);
    expect(deleteAt).toBeLessThan(start + 1001 + signInMs + 24 * 60 * minute);
  });
});

describe('to begin', () => {
  it.each([
    ['with an open link, from any browser', openLink, stranger],
    ['again, from the browser that began', begunLink, visitor],
    ['again after a sign-in that came to nothing', failedLink, visitor],
  ])('is allowed %s', (_what, link, who) => {
    expect(refusalToBegin(link, who, start + 1)).toBeUndefined();
    expect(begin(link, who, beginning, start + 1)).toMatchObject({ phase: 'begun', stateHash: 'state-1' });
  });

  it.each<[string, Link | undefined, typeof stranger, string]>([
    ['with no link', undefined, visitor, 'unknown'],
    ['with another secret', openLink, { ...visitor, secretHash: 'secret-2' }, 'unknown'],
    ['with a secret that begins alike', openLink, { ...visitor, secretHash: 'secret-' }, 'unknown'],
    ['for another grant', openLink, { ...visitor, grantId: 'acme:102' }, 'unknown'],
    ['from another browser', begunLink, another, 'other-browser'],
    ['from a browser without a cookie', begunLink, stranger, 'other-browser'],
    ['from another browser, after a failure', failedLink, another, 'other-browser'],
    ['from another browser, while it is connected', exchangingLink, another, 'other-browser'],
    ['once more from the browser that is connected', connectedLink, visitor, 'used'],
    ['from another browser, once it is used', connectedLink, another, 'used'],
    ['while its code is exchanged', exchangingLink, visitor, 'busy'],
  ])('is refused %s', (_what, link, who, refusal) => {
    expect(refusalToBegin(link, who, start + 1)).toBe(refusal);
    expect(begin(link, who, beginning, start + 1)).toBe(refusal);
  });

  it.each([
    ['an open link', openLink],
    ['one that was begun', begunLink],
    ['one whose exchange died', exchangingLink],
  ])('is refused after the end of %s, to the millisecond', (_what, link) => {
    const end = terms.expiresAt;
    expect(refusalToBegin(link, visitor, end - 1)).toBeUndefined();
    expect(refusalToBegin(link, visitor, end)).toBe('expired');
  });

  it('is possible again when an exchange cannot be going on any more', () => {
    expect(refusalToBegin(exchangingLink, visitor, start + exchangeMs - 1)).toBe('busy');
    expect(refusalToBegin(exchangingLink, visitor, start + exchangeMs)).toBeUndefined();
  });

  it('anew puts a new state and a new verifier in place of the old ones', () => {
    const again = { ...beginning, stateHash: 'state-2', codeVerifier: 'verifier-2' };
    const link = linkOf(begin(begunLink, visitor, again, start + 1));
    expect(link).toMatchObject({ stateHash: 'state-2', codeVerifier: 'verifier-2' });
    expect(consume(link, callback, start + 2)).toBe('stale-state');
  });

  it('without PKCE leaves no verifier of a sign-in before it', () => {
    const { codeVerifier: _v, ...plain } = beginning;
    expect(begin(begunLink, visitor, plain, start)).not.toHaveProperty('codeVerifier');
  });

  it('binds the link to the browser that does', () => {
    const link = linkOf(begin(openLink, stranger, anotherBeginning, start));
    expect(refusalToBegin(link, visitor, start)).toBe('other-browser');
  });
});

describe('the state', () => {
  it('is consumed with the verifier, before the code goes anywhere', () => {
    expect(exchangingLink).toMatchObject({ phase: 'exchanging', stateHash: 'state-1', since: start });
    expect(exchangingLink).not.toHaveProperty('codeVerifier');
  });

  it('works once', () => {
    expect(consume(exchangingLink, callback, start)).toBe('stale-state');
    expect(consume(failedLink, callback, start)).toBe('stale-state');
    expect(consume(connectedLink, callback, start)).toBe('used');
  });

  it.each<[string, Link | undefined, { stateHash: string; browserHash: string | undefined }, string]>([
    ['of no link', undefined, callback, 'unknown'],
    ['that was not sent', begunLink, { ...callback, stateHash: 'forged!' }, 'stale-state'],
    ['in another browser', begunLink, { ...callback, browserHash: 'browser-2' }, 'other-browser'],
    ['in a browser without a cookie', begunLink, { ...callback, browserHash: undefined }, 'other-browser'],
    ['of a link that nobody began with', openLink, callback, 'other-browser'],
  ])('is refused %s', (_what, link, given, refusal) => {
    expect(consume(link, given, start)).toBe(refusal);
  });

  it('lasts as long as a person may take to sign in, also beyond the end of the link', () => {
    const begun = linkOf(begin(openLink, visitor, beginning, terms.expiresAt - 1));
    const end = terms.expiresAt - 1 + signInMs;
    expect(consume(begun, callback, end - 1)).toMatchObject({ phase: 'exchanging' });
    expect(consume(begun, callback, end)).toBe('expired');
  });
});

describe('an exchange', () => {
  it('that connects the account uses the link up', () => {
    expect(connectedLink).toMatchObject({ phase: 'connected', browserHash: 'browser-1' });
  });

  it('that fails leaves the link to its browser, and no state', () => {
    expect(failedLink).toMatchObject({ phase: 'begun', browserHash: 'browser-1' });
    expect(failedLink).not.toHaveProperty('stateHash');
  });

  it.each([
    ['of a link that is gone', undefined],
    ['when another sign-in has begun since', begunLink],
    ['twice', connectedLink],
    ['of another state', { ...exchangingLink, stateHash: 'state-2' }],
  ])('is not ended %s', (_what, link) => {
    expect(settle(link, 'state-1', true, start)).toBeUndefined();
    expect(settle(link, 'state-1', false, start)).toBeUndefined();
  });
});

type Step =
  | { readonly do: 'begin'; readonly browser: string; readonly state: string }
  | { readonly do: 'consume'; readonly browser: string; readonly state: string }
  | { readonly do: 'settle'; readonly state: string; readonly connected: boolean };

const browsers = fc.constantFrom('browser-1', 'browser-2');
const states = fc.constantFrom('state-1', 'state-2', 'state-3');
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('begin' as const), browser: browsers, state: states }),
  fc.record({ do: fc.constant('consume' as const), browser: browsers, state: states }),
  fc.record({ do: fc.constant('settle' as const), state: states, connected: fc.boolean() }),
);

const take = (link: Link, step: Step, now: number): Link | string | undefined => {
  switch (step.do) {
    case 'begin': {
      const { browser: browserHash, state: stateHash } = step;
      return begin(link, { ...visitor, browserHash }, { browserHash, stateHash, codeVerifier: 'v' }, now);
    }
    case 'consume':
      return consume(link, { browserHash: step.browser, stateHash: step.state }, now);
    case 'settle':
      return settle(link, step.state, step.connected, now);
  }
};

describe('whatever happens to a link', () => {
  it('it belongs to one browser, connects once, and a verifier is stored only while a state is out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(steps, fc.integer({ min: 0, max: exchangeMs })), { maxLength: 30 }),
        all => {
          let link = openLink;
          let now = start;
          let owner: string | undefined;
          for (const [step, ms] of all) {
            now += ms;
            const next = take(link, step, now);
            if (next === undefined || typeof next === 'string') continue;
            expect(link.phase).not.toBe('connected');
            owner ??= next.browserHash;
            expect(next.browserHash).toBe(owner);
            expect(next.codeVerifier === undefined).toBe(
              next.phase !== 'begun' || next.stateHash === undefined,
            );
            link = next;
          }
        },
      ),
    );
  });
});
