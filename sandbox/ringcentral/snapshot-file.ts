/** A snapshot in a file of its own, readable by its owner alone: it holds live tokens. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Snapshot } from './snapshot.ts';

/** `undefined`: there is none yet. Throws on one that cannot be read: to start afresh would orphan every grant. */
export const loadSnapshot = (file: string): Snapshot | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Snapshot;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Replaces the file as a whole, so that a crash leaves the old or the new one. */
export const saveSnapshot = (file: string, snapshot: Snapshot): void => {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  writeFileSync(temporary, JSON.stringify(snapshot), { mode: 0o600 });
  renameSync(temporary, file);
};
