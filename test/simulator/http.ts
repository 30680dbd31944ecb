/** A simulator behind HTTP for one test file, and short ways to ask it. */

import { afterEach } from 'vitest';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
  type TokenResponse,
} from '../../sandbox/ringcentral/index.ts';
import { adasJwt, basic, form, formType, options } from './harness.ts';

const running: Simulator[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map(simulator => simulator.close()));
});

export const start = async (over: Partial<SimulatorOptions> = {}): Promise<Simulator> => {
  const simulator = await startSimulator({ ...options(), ...over });
  running.push(simulator);
  return simulator;
};

export const post = (
  { url }: Simulator,
  path: string,
  params: Record<string, string>,
  init: RequestInit = {},
): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: basic(), 'content-type': formType },
    body: form(params),
    redirect: 'manual',
    ...init,
  });

export const refresh = (
  simulator: Simulator,
  token: string | undefined,
  init?: RequestInit,
): Promise<Response> =>
  post(simulator, '/restapi/oauth/token', { grant_type: 'refresh_token', refresh_token: token ?? '' }, init);

export const login = (simulator: Simulator): Promise<Response> =>
  post(simulator, '/restapi/oauth/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: adasJwt,
  });

export const tokensIn = async (response: Response): Promise<TokenResponse> =>
  (await response.json()) as TokenResponse;

export const extension = ({ url }: Simulator, accessToken: string): Promise<Response> =>
  fetch(`${url}/restapi/v1.0/account/~/extension/~`, { headers: { authorization: `Bearer ${accessToken}` } });

/** `Body`: what the caller expects to get; nothing checks it but the test itself. */
export const admin = async <Body = unknown>(
  { url }: Simulator,
  method: string,
  path: string,
  body?: unknown,
) => {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, { method, ...sent });
  return { status: response.status, body: (await response.json()) as Body };
};
