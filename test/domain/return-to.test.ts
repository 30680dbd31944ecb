import { describe, expect, it } from 'vitest';
import { allowedReturn, parseReturnTo } from '../../functions/domain/return-to.ts';

const allowed = ['https://app.example/settings', 'http://127.0.0.1:3000/'];

describe('a browser may be sent back to', () => {
  it.each([
    ['the very URL of the list', 'https://app.example/settings'],
    ['what is below it', 'https://app.example/settings/accounts?connected=acme%3A101#now'],
    ['the same with a query', 'https://app.example/settings?x=1'],
    ['anything of an origin whose root is on the list', 'http://127.0.0.1:3000/any/where'],
  ])('%s', (_, target) => {
    expect(allowedReturn(target, allowed)).toBe(target);
  });

  it('a URL as it is parsed, whatever it was written like', () => {
    const target = ' HTTPS://APP.example:443/settings/./x/../y?a=\u00fc\r\nb ';
    expect(allowedReturn(target, allowed)).toBe('https://app.example/settings/y?a=%C3%BCb');
  });
});

describe('a browser is never sent to', () => {
  it.each([
    ['another host', 'https://evil.example/settings'],
    ['a host that begins alike', 'https://app.example.evil.example/settings'],
    ['another port', 'https://app.example:8443/settings'],
    ['another scheme', 'http://app.example/settings'],
    ['a path that begins alike', 'https://app.example/settings-of-others'],
    ['a path above', 'https://app.example/'],
    ['a path that climbs out', 'https://app.example/settings/../admin'],
    ['a path that climbs out, encoded', 'https://app.example/settings/%2e%2e/admin'],
    ['a path that climbs out with backslashes', 'https://app.example/settings\\..\\admin'],
    ['a user in front of the host', 'https://app.example@evil.example/settings'],
    ['a user of the right host', 'https://me:secret@app.example/settings'],
    ['a script', 'javascript:alert(1)//https://app.example/settings'],
    ['data', 'data:text/html,https://app.example/settings'],
    ['a path alone', '/settings'],
    ['another host without a scheme', '//evil.example/settings'],
    ['no URL', 'settings'],
    ['nothing', ''],
    ['what was never asked for', undefined],
  ])('%s', (_, target) => {
    expect(allowedReturn(target, allowed)).toBeUndefined();
  });

  it('anywhere, where the list is empty', () => {
    expect(allowedReturn('https://app.example/settings', [])).toBeUndefined();
  });

  it('one origin of no name for another, which are all called null', () => {
    expect(allowedReturn('data:text/html,x', ['data:text/html,y'])).toBeUndefined();
  });
});

describe('the variable', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['https://a.example/x', ['https://a.example/x']],
    ['https://a.example/x,http://localhost:3000', ['https://a.example/x', 'http://localhost:3000']],
    [',nonsense,https://a.example', ['https://a.example']],
  ])('%j is the list %j', (text, list) => {
    expect(parseReturnTo(text)).toEqual(list);
  });
});
