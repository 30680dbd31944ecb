import { type Change, changesBetween, sayChange } from '../changes.ts';
import type { Failure } from '../failure.ts';
import { grantTable } from '../grant-table.ts';
import type { Grant } from '../keeper.ts';
import { listAll, mostGrants } from '../listing.ts';
import type { Session } from '../session.ts';
import { clip, visible } from '../text.ts';

type Options = { readonly interval: number };

type View = {
  /** `changes`: since the look before; everything at the first. */
  show(grants: readonly Grant[], changes: readonly Change[]): void;
  /** The grants could not be looked at just now. */
  failed(failure: Failure): void;
};

/** One line for each change, or one JSON object (NDJSON). */
const lineView = ({ terminal, now }: Session): View => ({
  show: (_, changes) => {
    const at = new Date(now()).toISOString();
    for (const change of changes) {
      if (terminal.json) terminal.printJson({ at, ...change });
      else terminal.print([visible(sayChange(change, now()))]);
    }
  },
  failed: ({ code, message }) => terminal.note(`${new Date(now()).toISOString()}  ${code}: ${message}`),
});

/** What needs somebody first: it is what must not fall off the end of the screen. */
const byUrgency = (a: Grant, b: Grant): number => {
  const rank = ({ state, failures, holdUntil }: Grant) => {
    if (state === 'reauthorize') return 0;
    if (failures > 0 || holdUntil !== undefined || state === 'revoking') return 1;
    return state === 'active' ? 2 : 3;
  };
  return rank(a) - rank(b) || (a.grantId < b.grantId ? -1 : 1);
};

/** The lines of one picture, none longer or more than fit. */
export const picture = (
  grants: readonly Grant[],
  { title, error, nowMs, size }: Picture,
  colors: Session['terminal']['colors'],
): string[] => {
  const header = clip(
    `${visible(title)}  ${grants.length} grants  ${new Date(nowMs).toISOString()}  Ctrl-C ends`,
    size.columns - 1,
  );
  const shown = [...grants].sort(byUrgency).slice(0, Math.max(1, size.rows - 6));
  const left = grants.length - shown.length;
  return [
    colors.dim(header),
    ...(error === undefined ? [] : [colors.red(clip(`not up to date: ${visible(error)}`, size.columns - 1))]),
    '',
    ...grantTable(shown, nowMs, colors, size.columns - 1),
    ...(left > 0 ? [colors.dim(`… and ${left} more`)] : []),
  ];
};

type Picture = {
  readonly title: string;
  readonly error?: string;
  readonly nowMs: number;
  readonly size: { readonly columns: number; readonly rows: number };
};

/** Draws over the picture before, and leaves the last one standing. */
const screenView = (session: Session): View => {
  const { terminal, deployment, now } = session;
  let lines = 0;
  let grants: readonly Grant[] = [];
  const draw = (error?: string): void => {
    const size = terminal.size ?? { columns: 80, rows: 24 };
    const next = picture(
      grants,
      { title: deployment.title, nowMs: now(), size, ...(error !== undefined && { error }) },
      terminal.colors,
    );
    const home = lines === 0 ? '' : `\u001b[${lines}A\r\u001b[J`;
    terminal.write(`${home}${next.map(line => `${line}\n`).join('')}`);
    lines = next.length;
  };
  return {
    show: current => {
      grants = current;
      draw();
    },
    failed: ({ code, message }) => draw(`${code}: ${message}`),
  };
};

/** Ends only with the process. The first look must succeed; later ones may fail, and are tried again. */
export const watch = async (session: Session, { interval }: Options): Promise<void> => {
  const { terminal, keeper, sleep } = session;
  const view = terminal.size === undefined || terminal.json ? lineView(session) : screenView(session);
  const look = () => listAll(keeper, { most: mostGrants });
  const lookAgain = async (): Promise<readonly Grant[]> => {
    for (;;) {
      await sleep(interval * 1000);
      try {
        return (await look()).grants;
      } catch (error) {
        view.failed(error as Failure);
      }
    }
  };
  const first = await look();
  if (!first.complete) terminal.note(`Only ${mostGrants} grants are watched.`);
  let before: readonly Grant[] = [];
  let { grants } = first;
  for (;;) {
    view.show(grants, changesBetween(before, grants));
    before = grants;
    grants = await lookAgain();
  }
};
