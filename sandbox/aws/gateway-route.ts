/** How API Gateway's HTTP API finds a route: on the path as it was sent, and what it hands on is decoded. */
import { routes as apiRoutes } from '../../functions/api/routes.ts';
import { connectRoutes } from '../../functions/connect/routes.ts';

type Route = { readonly method: string; readonly path: string };

export type GatewayRoute = {
  /** `METHOD /path` of the route that matched, or `$default`. */
  readonly routeKey: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
};

/** As it is where it is not validly encoded. */
export const decodePath = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

const parametersOf = (pattern: string, path: string): Record<string, string> | undefined => {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined ? segment !== value : value === '') return undefined;
    if (name !== undefined) parameters[name] = decodePath(value);
  }
  return parameters;
};

/** `path`: as it was sent, without the query. Undefined: none matches. */
const matchRoute = (routes: readonly Route[], method: string, path: string): GatewayRoute | undefined => {
  for (const route of routes) {
    const parameters = route.method === method ? parametersOf(route.path, path) : undefined;
    if (parameters !== undefined) {
      const routeKey = `${route.method} ${route.path}`;
      return Object.keys(parameters).length > 0 ? { routeKey, pathParameters: parameters } : { routeKey };
    }
  }
  return undefined;
};

/** The API has a route for what matches no other. */
export const matchApiRoute = (method: string, path: string): GatewayRoute =>
  matchRoute(apiRoutes, method, path) ?? { routeKey: '$default' };

/** The connect function's API has none: API Gateway itself answers those. */
export const matchConnectRoute = (method: string, path: string): GatewayRoute | undefined =>
  matchRoute(connectRoutes, method, path);
