/** `/simulator/...`: the provider's controls and faults as JSON over HTTP, for other processes and for curl. */

import { type Answer, json } from './answers.ts';
import { type AuthorizeOptions, UnknownSubjectError } from './controls.ts';
import type { Fault, FaultQueue } from './faults.ts';
import type { Provider } from './provider.ts';

export type AdminRequest = { readonly method: string; readonly path: string; readonly body: string };

type Context = {
  readonly provider: Provider;
  readonly faults: FaultQueue;
  /** What stands in the path's `:id`, decoded. */
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
};

type Route = readonly [method: string, path: string, run: (context: Context) => unknown];

const text = (body: Context['body'], name: string): string => {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new RangeError(`${name} is missing`);
  return value;
};

const authorizeOptions = ({
  accessTokenTtlSeconds,
  refreshTokenTtlSeconds,
  endpointId,
}: Context['body']): AuthorizeOptions => ({
  ...(typeof accessTokenTtlSeconds === 'number' ? { accessTokenTtlSeconds } : {}),
  ...(typeof refreshTokenTtlSeconds === 'number' ? { refreshTokenTtlSeconds } : {}),
  ...(typeof endpointId === 'string' ? { endpointId } : {}),
});

const routes: readonly Route[] = [
  ['GET', '/simulator', () => ({ routes: routes.map(([method, path]) => `${method} ${path}`) })],
  ['GET', '/simulator/stats', ({ provider }) => provider.stats()],
  ['POST', '/simulator/stats/reset', ({ provider }) => provider.resetCounts()],
  ['GET', '/simulator/sessions', ({ provider }) => provider.sessions()],
  ['GET', '/simulator/log', ({ provider }) => provider.log()],
  ['POST', '/simulator/users/:id/end-sessions', ({ provider, id }) => ({ ended: provider.endSessions(id) })],
  [
    'POST',
    '/simulator/users/:id/change-password',
    ({ provider, id }) => ({ ended: provider.changePassword(id) }),
  ],
  ['POST', '/simulator/users/:id/disable', ({ provider, id }) => provider.disableUser(id)],
  ['POST', '/simulator/users/:id/enable', ({ provider, id }) => provider.enableUser(id)],
  ['POST', '/simulator/users/:id/forgive', ({ provider, id }) => ({ forgiven: provider.forgiveNext(id) })],
  ['POST', '/simulator/sessions/:id/forgive', ({ provider, id }) => ({ forgiven: provider.forgiveNext(id) })],
  [
    'POST',
    '/simulator/apps/:id/rotate-secret',
    ({ provider, id, body }) => ({
      clientSecret: provider.rotateSecret(
        id,
        ...(body.clientSecret === undefined ? [] : [text(body, 'clientSecret')]),
      ),
    }),
  ],
  [
    'POST',
    '/simulator/authorize',
    ({ provider, body }) =>
      provider.authorize(text(body, 'ownerId'), text(body, 'clientId'), authorizeOptions(body)),
  ],
  ['GET', '/simulator/faults', ({ faults }) => faults.list()],
  ['POST', '/simulator/faults', ({ faults, body }) => faults.add(body as Fault)],
  ['DELETE', '/simulator/faults', ({ faults }) => faults.clear()],
];

/** The value of `:id`, `''` where there is none, `undefined` where the path is another. */
const matchPath = (pattern: string, path: string): string | undefined => {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  if (parts.length !== wanted.length) return undefined;
  if (!wanted.every((part, i) => part === ':id' || part === parts[i])) return undefined;
  return decodeURIComponent(parts[wanted.indexOf(':id')] ?? '');
};

const parseBody = (body: string): Context['body'] => {
  const value: unknown = body === '' ? {} : JSON.parse(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError('body: a JSON object');
  return value as Context['body'];
};

const failure = (error: unknown): Answer => {
  if (error instanceof UnknownSubjectError) return json(404, { error: error.message });
  if (error instanceof RangeError) return json(400, { error: error.message });
  if (error instanceof SyntaxError || error instanceof URIError)
    return json(400, { error: 'malformed request' });
  throw error;
};

/** 200 with what the control returns (`{}` for nothing); 400 and 404 with `{"error"}`. */
export const administer = (provider: Provider, faults: FaultQueue, request: AdminRequest): Answer => {
  try {
    for (const [method, pattern, run] of routes) {
      const id = method === request.method ? matchPath(pattern, request.path) : undefined;
      if (id !== undefined)
        return json(200, run({ provider, faults, id, body: parseBody(request.body) }) ?? {});
    }
    return json(404, { error: 'no such route; GET /simulator lists them' });
  } catch (error) {
    return failure(error);
  }
};
