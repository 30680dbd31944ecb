/** The configured apps and how each stands with the provider. */
import { type AppStanding, heldUntil, isHeld } from '../domain/app.ts';
import { present } from '../domain/tokens.ts';
import type { Context } from './attempt.ts';
import { readApps } from './put-grant.ts';

/** An app without its secret. */
export type AppSummary = {
  readonly name: string;
  readonly server: string;
  readonly clientId: string;
  /** It has no secret. */
  readonly public: boolean;
  /** While the provider is not asked for any of its grants, in epoch milliseconds, and why. */
  readonly holdUntil?: number;
  readonly holdReason?: string;
  /** Different grants refused in a row, without one success. */
  readonly refused: number;
};

const holdOf = (standing: AppStanding, now: number): Pick<AppSummary, 'holdUntil' | 'holdReason'> =>
  isHeld(standing, now) ? present({ holdUntil: heldUntil(standing), holdReason: standing.holdReason }) : {};

/** Throws `misconfigured` where the apps secret cannot be read. Reads it anew: somebody asks because something is wrong. */
export const listApps = async (context: Context): Promise<AppSummary[]> => {
  const apps = await readApps(context);
  return Promise.all(
    apps.map(async ({ name, server, clientId, clientSecret }) => {
      const standing = await context.standings.current(name);
      const refused = standing.refused.length;
      const identity = { name, server, clientId, public: clientSecret === undefined };
      return { ...identity, ...holdOf(standing, context.clock.now()), refused };
    }),
  );
};
