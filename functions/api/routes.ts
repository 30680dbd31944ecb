/** The API's surface: each action, its HTTP route, and the alias through which it may be invoked directly. */

/** Aliases of the api function. `http` is the HTTP API's own; the others are granted to callers of `lambda:InvokeFunction`. */
export const directAliases = ['get', 'revoke', 'admin'] as const;
export const httpAlias = 'http';
export type DirectAlias = (typeof directAliases)[number];
/** The connect function's own way in, for an action that has no route; granted to nobody else. */
export const connectAlias = 'connect';

export type Action =
  | 'getToken'
  | 'refreshToken'
  | 'getGrant'
  | 'listGrants'
  | 'listApps'
  | 'putGrant'
  | 'reinstateGrant'
  | 'revokeGrant'
  | 'createConnectLink'
  | 'connectGrant';

export type Route = {
  readonly action: Exclude<Action, 'connectGrant'>;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** The least privileged alias; `admin` allows every action. */
  readonly alias: DirectAlias;
};

export const routes: readonly Route[] = [
  { action: 'getToken', method: 'GET', path: '/grants/{grantId}/token', alias: 'get' },
  { action: 'refreshToken', method: 'POST', path: '/grants/{grantId}/refresh', alias: 'get' },
  { action: 'getGrant', method: 'GET', path: '/grants/{grantId}', alias: 'get' },
  { action: 'listGrants', method: 'GET', path: '/grants', alias: 'admin' },
  { action: 'listApps', method: 'GET', path: '/apps', alias: 'admin' },
  { action: 'putGrant', method: 'PUT', path: '/grants/{grantId}', alias: 'admin' },
  {
    action: 'createConnectLink',
    method: 'POST',
    path: '/grants/{grantId}/connect-links',
    alias: 'admin',
  },
  { action: 'reinstateGrant', method: 'POST', path: '/grants/{grantId}/reinstate', alias: 'admin' },
  { action: 'revokeGrant', method: 'DELETE', path: '/grants/{grantId}', alias: 'revoke' },
];

export const allowedThrough = (alias: string | undefined, action: Action): boolean =>
  action === 'connectGrant'
    ? alias === connectAlias
    : alias === 'admin' || routes.some(route => route.action === action && route.alias === alias);
