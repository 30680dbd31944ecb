/** Tokens for callers: from the cache while their promise holds, otherwise one question however many callers there are. */
import type { Ask } from './ask.ts';
import { errorOf, RingbearerError } from './errors.ts';
import type { TokenCache } from './token-cache.ts';
import type { TokenRequest } from './transport.ts';
import type { AccessToken, Clock } from './types.ts';

export type Tokens = {
  get(grantId: string, minTtlSeconds: number): Promise<AccessToken>;
  /** Reports that RingCentral refused this generation; the answer is a newer token. */
  reject(grantId: string, generation: number): Promise<AccessToken>;
  /** Nothing of this grant is used any more, nor what is on its way. */
  forget(grantId: string): void;
};

/** A record that is gone begins again at generation 1. */
const endings = ['grant-not-found', 'grant-revoked'];

/** From Ringbearer itself, but not necessarily of this version. */
const checked = (result: unknown, grantId: string): AccessToken => {
  const token = result as Partial<AccessToken> | undefined;
  const valid =
    typeof token?.accessToken === 'string' &&
    typeof token.server === 'string' &&
    typeof token.generation === 'number' &&
    !Number.isNaN(Date.parse(`${token.cacheUntil}`)) &&
    !Number.isNaN(Date.parse(`${token.expiresAt}`));
  if (valid) return { ...(token as AccessToken), grantId };
  throw errorOf({ code: 'unreachable', status: 0, detail: 'the answer is not a token' }, grantId);
};

type Flight = { readonly grantId: string; readonly answer: Promise<AccessToken> };

/** What is being asked, by question. Whatever was taken out is still answered, but not kept. */
const createFlights = (ask: Ask, cache: TokenCache, clock: Clock) => {
  const flights = new Map<string, Flight>();

  const forget = (grantId: string): void => {
    cache.forget(grantId);
    for (const [question, flight] of flights) if (flight.grantId === grantId) flights.delete(question);
  };

  const share = (request: TokenRequest): Promise<AccessToken> => {
    const { grantId } = request;
    const question = JSON.stringify(request);
    const underWay = flights.get(question);
    if (underWay !== undefined) return underWay.answer;
    const isCurrent = (): boolean => flights.get(question) === flight;
    const answer = ask(request)
      .then(result => {
        const token = checked(result, grantId);
        if (isCurrent()) cache.keep(token, clock.now());
        return token;
      })
      .catch((error: unknown) => {
        if (isCurrent() && error instanceof RingbearerError && endings.includes(error.code)) forget(grantId);
        throw error;
      })
      .finally(() => {
        if (isCurrent()) flights.delete(question);
      });
    const flight: Flight = { grantId, answer };
    flights.set(question, flight);
    return answer;
  };
  return { share, forget };
};

export const createTokens = (ask: Ask, cache: TokenCache, clock: Clock): Tokens => {
  const { share, forget } = createFlights(ask, cache, clock);
  const reports = new Map<string, Promise<AccessToken>>();

  const get = async (grantId: string, minTtlSeconds: number): Promise<AccessToken> => {
    const find = () => cache.find(grantId, minTtlSeconds * 1000, clock.now());
    const kept = find();
    if (kept !== undefined) return kept;
    // Until the report is answered, a getter would be given the rejected token again, or wait in the same queue.
    const report = reports.get(grantId);
    if (report !== undefined) await report.catch(() => undefined);
    const minTtl = minTtlSeconds === 0 ? {} : { minTtl: minTtlSeconds };
    return find() ?? share({ action: 'getToken', grantId, ...minTtl });
  };

  const reject = async (grantId: string, generation: number): Promise<AccessToken> => {
    const kept = cache.find(grantId, 0, clock.now());
    if (kept !== undefined && kept.generation > generation) return kept;
    cache.reject(grantId, generation);
    const report = share({ action: 'refreshToken', grantId, rejectedGeneration: generation });
    reports.set(grantId, report);
    const done = () => {
      if (reports.get(grantId) === report) reports.delete(grantId);
    };
    report.then(done, done);
    return report;
  };

  return { get, reject, forget };
};
