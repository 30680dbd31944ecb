/** `fetch` with a grant's token: to its server only, and once more with a newer token after a 401. */
import { unlessAborted } from './ask.ts';
import { errorOf, RefreshLimited } from './errors.ts';
import type { Tokens } from './tokens.ts';
import type { AccessToken } from './types.ts';

export type FetchOptions = {
  readonly tokens: Tokens;
  /** Besides the grant's server: origins that may get its token. */
  readonly origins: readonly string[];
  readonly fetch: typeof fetch;
};

/** Throws `InvalidRequest` where the token would go somewhere else. */
export const resolveUrl = (target: string | URL, token: AccessToken, origins: readonly string[]): URL => {
  if (!URL.canParse(`${target}`, token.server)) {
    const detail = 'the URL cannot be read: give a path such as /restapi/v1.0/account/~, or a whole URL';
    throw errorOf({ code: 'invalid-request', status: 400, detail }, token.grantId);
  }
  const url = new URL(target, token.server);
  const allowed = [token.server, ...origins].map(server => new URL(server).origin);
  if (allowed.includes(url.origin)) return url;
  const detail = `${url.origin} is not the grant's server (${allowed[0]}) and must not get its token: give a path, or name the origin in the option \`origins\``;
  throw errorOf({ code: 'invalid-request', status: 400, detail }, token.grantId);
};

const isReplayable = (body: unknown): boolean =>
  body === undefined ||
  body === null ||
  typeof body === 'string' ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body) ||
  [URLSearchParams, FormData, Blob].some(kind => body instanceof kind);

/** Nobody will read it: its connection is free again. */
const discard = (body: ReadableStream | null | undefined): void => {
  body?.cancel().catch(() => undefined);
};

type Sender = {
  readonly signal: AbortSignal | null | undefined;
  urlFor(token: AccessToken): URL;
  send(token: AccessToken): Promise<Response>;
  /** Whether `send` may be called once more. */
  readonly replayable: boolean;
  /** No second time will come. */
  done(): void;
};

const senderOf = (
  input: string | URL | Request,
  init: RequestInit,
  { origins, fetch }: FetchOptions,
): Sender => {
  const request = input instanceof Request ? input : undefined;
  const ownBody = request !== undefined && request.body !== null && (init.body ?? undefined) === undefined;
  const headers = new Headers(init.headers ?? request?.headers);
  const urlFor = (token: AccessToken) => resolveUrl(request?.url ?? (input as string | URL), token, origins);
  let sent = false;
  return {
    urlFor,
    signal: init.signal ?? request?.signal,
    replayable: isReplayable(init.body),
    send: token => {
      const url = urlFor(token);
      headers.set('authorization', `Bearer ${token.accessToken}`);
      // A copy goes first, so that the body is still there for a second time.
      const first = ownBody && !sent ? request.clone() : request;
      sent = true;
      return fetch(first ?? url, { ...init, headers });
    },
    done: () => {
      if (ownBody && !request.bodyUsed) discard(request.body);
    },
  };
};

/** A redirect to another origin was followed without the token (WHATWG Fetch, "HTTP-redirect fetch"): a 401 there is not about it. */
const refusesToken = ({ status, url, redirected }: Response, { origin }: URL): boolean =>
  status === 401 && (!redirected || new URL(url).origin === origin);

export const createBearerFetch = (options: FetchOptions) => {
  const { tokens } = options;

  /** The newer token; `undefined` where the token is not what is wrong. */
  const report = async ({ grantId, generation }: AccessToken): Promise<AccessToken | undefined> => {
    try {
      return await tokens.reject(grantId, generation);
    } catch (error) {
      if (error instanceof RefreshLimited) return undefined;
      throw error;
    }
  };

  return async (
    grantId: string,
    input: string | URL | Request,
    init: RequestInit = {},
  ): Promise<Response> => {
    const { signal, urlFor, send, replayable, done } = senderOf(input, init, options);
    signal?.throwIfAborted();
    const token = await unlessAborted(tokens.get(grantId, 0), signal);
    const response = await send(token);
    if (!refusesToken(response, urlFor(token))) {
      done();
      return response;
    }
    try {
      const newer = await unlessAborted(report(token), signal);
      if (newer === undefined || !replayable) return response;
      discard(response.body);
      return await send(newer);
    } catch (error) {
      discard(response.body);
      throw error;
    } finally {
      done();
    }
  };
};
