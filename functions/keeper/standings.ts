/** App standings, behind a short cache: a hold that another process recorded is seen at most `appHoldCacheMs` late. */
import type { NothingHappened } from '../domain/answer.ts';
import {
  type AppStanding,
  goodStanding,
  heldUntil,
  holdApp,
  isHeld,
  probe,
  recordRefusal,
  recordSuccess,
} from '../domain/app.ts';
import type { Grant } from '../domain/grant.ts';
import { type Ports, UnreadableRecordError } from './ports.ts';
import { update } from './update.ts';

export type Standings = {
  /** At most `appHoldCacheMs` old. */
  cached(app: string): Promise<AppStanding>;
  current(app: string): Promise<AppStanding>;
  hold(app: string, answer: NothingHappened): Promise<AppStanding>;
  refused(grant: Grant): Promise<AppStanding>;
  /** Whether this grant may ask for all of an app that is in doubt. */
  mayProbe(app: string): Promise<boolean>;
  succeeded(app: string): Promise<void>;
};

type Cached = { readonly standing: AppStanding; readonly readAt: number };

export const createStandings = ({ store, clock, settings, observe }: Ports): Standings => {
  const cache = new Map<string, Cached>();

  const remember = (standing: AppStanding): AppStanding => {
    cache.set(standing.name, { standing, readAt: clock.now() });
    return standing;
  };

  /** One that cannot be read stops nobody: the grants' own holds still protect them. */
  const unlessUnreadable = async <T>(app: string, operation: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      observe({ type: 'unreadable-standing', app });
      return undefined;
    }
  };

  const current = async (app: string): Promise<AppStanding> => {
    const stored = await unlessUnreadable(app, () => store.standings.get(app));
    return remember(stored?.value ?? goodStanding(app));
  };

  const cached = async (app: string): Promise<AppStanding> => {
    const known = cache.get(app);
    return known !== undefined && clock.now() - known.readAt < settings.appHoldCacheMs
      ? known.standing
      : current(app);
  };

  const change = async (
    app: string,
    next: (standing: AppStanding) => AppStanding | undefined,
  ): Promise<{ standing: AppStanding; changed: boolean }> => {
    const wasHeld = isHeld(cache.get(app)?.standing, clock.now());
    const updated = await unlessUnreadable(app, () =>
      update(store.standings, app, stored => {
        const standing = stored ?? goodStanding(app);
        const changed = next(standing);
        return changed === standing ? undefined : changed;
      }),
    );
    const standing = remember(updated?.stored?.value ?? goodStanding(app));
    if (!wasHeld && isHeld(standing, clock.now())) {
      const { holdReason: code = '' } = standing;
      observe({ type: 'app-held', app, code, holdUntil: heldUntil(standing) });
    }
    return { standing, changed: updated?.written ?? false };
  };

  return {
    cached,
    current,
    hold: async (app, answer) =>
      (await change(app, standing => holdApp(standing, answer, clock.now(), settings))).standing,
    refused: async grant =>
      (await change(grant.app, standing => recordRefusal(standing, grant, clock.now(), settings))).standing,
    mayProbe: async app => (await change(app, standing => probe(standing, clock.now(), settings))).changed,
    succeeded: async app => {
      const proved = (standing: AppStanding) => recordSuccess(standing, clock.now());
      const standing = await cached(app);
      if (proved(standing) !== standing) await change(app, proved);
    },
  };
};
