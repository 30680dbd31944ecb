/** API Gateway's payload 2.0 to a visit, and a reply to a response. Nothing of a request is repeated unescaped, or logged. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Page, pageHeaders, render } from './pages.ts';
import type { Reply } from './sign-in.ts';

const browserMaxAgeSeconds = 86_400;

const baseHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** `__Host-`: set by this host over HTTPS, for all of it and for no other. Plain HTTP is for loopback only, and knows no such cookies. */
const cookieName = (url: string): string => (url.startsWith('https:') ? '__Host-ringbearer' : 'ringbearer');

/** `Lax`: RingCentral's redirect is a top-level GET and brings it along, a form of another site is not. */
const setCookie = (url: string, browser: string): string => {
  const secure = url.startsWith('https:') ? '; Secure' : '';
  return `${cookieName(url)}=${browser}; Path=/; Max-Age=${browserMaxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
};

const secretPattern = /^[A-Za-z0-9_-]{43}$/;

export const browserOf = ({ cookies = [] }: APIGatewayProxyEventV2, url: string): string | undefined => {
  const prefix = `${cookieName(url)}=`;
  const values = cookies.filter(cookie => cookie.startsWith(prefix)).map(c => c.slice(prefix.length));
  return values.find(value => secretPattern.test(value));
};

const maxValueLength = 4096;

/** A parameter that comes twice, or without end, is none: which of two would be meant? (RFC 6749 §3.1) */
export const parameter = (parameters: URLSearchParams, name: string): string | undefined => {
  const [value, ...others] = parameters.getAll(name);
  return others.length > 0 || value === '' || (value?.length ?? 0) > maxValueLength ? undefined : value;
};

export const queryOf = ({ rawQueryString }: APIGatewayProxyEventV2): URLSearchParams =>
  new URLSearchParams(rawQueryString);

const maxBodyLength = 16_384;

/** Empty where it is longer than any form of ours. */
export const formOf = ({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): URLSearchParams => {
  if (body.length > maxBodyLength) return new URLSearchParams();
  return new URLSearchParams(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
};

/** Whether a POST comes from this function's own page: browsers say so, and a page of another site cannot make them say it. */
export const isFromOwnPage = ({ headers }: APIGatewayProxyEventV2, url: string): boolean => {
  const site = headers['sec-fetch-site'];
  return site === undefined ? headers.origin === new URL(url).origin : site === 'same-origin';
};

const pageResponse = (page: Page): APIGatewayProxyStructuredResultV2 => ({
  statusCode: page.status,
  headers: {
    ...baseHeaders,
    ...pageHeaders(page.leadsTo),
    ...(page.retryAfterSeconds !== undefined && { 'retry-after': String(page.retryAfterSeconds) }),
  },
  body: render(page),
});

const redirectTo = (location: string): APIGatewayProxyStructuredResultV2 => ({
  statusCode: 303,
  headers: { ...baseHeaders, location, 'referrer-policy': 'no-referrer' },
});

export const toResponse = (reply: Reply, url: string): APIGatewayProxyStructuredResultV2 => ({
  ...(reply.kind === 'page' ? pageResponse(reply.page) : redirectTo(reply.location)),
  ...(reply.browser !== undefined && { cookies: [setCookie(url, reply.browser)] }),
});
