/** App standings, behind a short cache: a hold that another process recorded is seen at most `appHoldCacheMs` late. */
import type { NothingHappened } from '../domain/answer.ts';
import {
  type AppStanding,
  goodStanding,
  holdApp,
  isHeld,
  recordRefusal,
  recordSuccess,
} from '../domain/app.ts';
import type { Ports } from './ports.ts';
import { update } from './update.ts';

export type Standings = {
  /** At most `appHoldCacheMs` old. */
  cached(app: string): Promise<AppStanding>;
  current(app: string): Promise<AppStanding>;
  hold(app: string, answer: NothingHappened): Promise<AppStanding>;
  refused(app: string, grantId: string): Promise<AppStanding>;
  succeeded(app: string): Promise<void>;
};

type Cached = { readonly standing: AppStanding; readonly readAt: number };

export const createStandings = ({ store, clock, settings, observe }: Ports): Standings => {
  const cache = new Map<string, Cached>();

  const remember = (standing: AppStanding): AppStanding => {
    cache.set(standing.name, { standing, readAt: clock.now() });
    return standing;
  };

  const current = async (app: string): Promise<AppStanding> =>
    remember((await store.standings.get(app))?.value ?? goodStanding(app));

  const cached = async (app: string): Promise<AppStanding> => {
    const known = cache.get(app);
    return known !== undefined && clock.now() - known.readAt < settings.appHoldCacheMs
      ? known.standing
      : current(app);
  };

  const change = async (app: string, next: (standing: AppStanding) => AppStanding): Promise<AppStanding> => {
    const wasHeld = isHeld(cache.get(app)?.standing, clock.now());
    const { stored } = await update(store.standings, app, stored => {
      const standing = stored ?? goodStanding(app);
      const changed = next(standing);
      return changed === standing ? undefined : changed;
    });
    const standing = remember(stored?.value ?? goodStanding(app));
    if (!wasHeld && isHeld(standing, clock.now())) {
      const { holdUntil = 0, holdReason: code = '' } = standing;
      observe({ type: 'app-held', app, code, holdUntil });
    }
    return standing;
  };

  return {
    cached,
    current,
    hold: (app, answer) => change(app, standing => holdApp(standing, answer, clock.now(), settings)),
    refused: (app, grantId) =>
      change(app, standing => recordRefusal(standing, grantId, clock.now(), settings)),
    succeeded: async app => {
      const standing = await cached(app);
      if (recordSuccess(standing) !== standing) await change(app, recordSuccess);
    },
  };
};
