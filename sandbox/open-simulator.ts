/** The simulated RingCentral at the port where the local run's grants expect it. */
import { callbackPath } from '../functions/connect/routes.ts';
import type { Settings } from '../functions/domain/settings.ts';
import type { DataFolder } from './data-folder.ts';
import { app, jwtCredentials, users } from './demonstration.ts';
import { rulesFor } from './pace.ts';
import { type Simulator, type SimulatorEvent, startSimulator } from './ringcentral/index.ts';
import { UsageError } from './usage-error.ts';

const isPortError = (error: unknown): boolean =>
  ['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');

const explain = (error: unknown, port: number, folder: DataFolder | undefined): unknown => {
  if (error instanceof SyntaxError) return new UsageError(`--data: ${folder?.simulatorFile} is damaged`);
  if (!isPortError(error)) return error;
  return new UsageError(
    folder?.remembered === undefined
      ? `--port: port ${port} of 127.0.0.1, the simulated RingCentral's, is in use: choose another --port, or 0`
      : `--data: port ${port} of 127.0.0.1, where the simulated RingCentral of ${folder.path} must be, is in use: is another local run using this folder?`,
  );
};

/**
 * It takes the port after the API's, or the one that the grants in the folder know. Throws {@link UsageError} where that cannot be
 * had.
 */
export const openSimulator = async (
  connectUrl: string,
  apiPort: number,
  settings: Settings,
  folder: DataFolder | undefined,
  onEvent: (event: SimulatorEvent) => void,
): Promise<Simulator> => {
  const port = folder?.remembered?.simulatorPort ?? (apiPort === 0 ? 0 : apiPort + 1);
  if (port !== 0 && port === apiPort) {
    throw new UsageError(
      `--port: ${port} belongs to the simulated RingCentral of ${folder?.path}: choose another`,
    );
  }
  try {
    return await startSimulator({
      apps: [{ ...app, redirectUris: [...app.redirectUris, connectUrl + callbackPath] }],
      users,
      jwtCredentials,
      ...rulesFor(settings),
      port,
      onEvent,
      ...(folder && { dataFile: folder.simulatorFile }),
    });
  } catch (error) {
    throw explain(error, port, folder);
  }
};
