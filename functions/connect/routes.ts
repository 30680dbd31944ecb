/** What the public internet reaches: four routes, and nothing else. */

export const connectPath = '/connect/{grantId}';
export const callbackPath = '/oauth/callback';
export const connectedPath = '/oauth/connected';

export type ConnectRoute = { readonly name: string; readonly method: 'GET' | 'POST'; readonly path: string };

export const connectRoutes: readonly ConnectRoute[] = [
  { name: 'showLink', method: 'GET', path: connectPath },
  { name: 'begin', method: 'POST', path: connectPath },
  { name: 'callback', method: 'GET', path: callbackPath },
  { name: 'connected', method: 'GET', path: connectedPath },
];
