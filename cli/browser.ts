/** Opens the person's browser. */
import { spawn } from 'node:child_process';

type Opener = { readonly command: string; readonly args: readonly string[] };

export const openerOf = (platform: NodeJS.Platform, url: string): Opener => {
  switch (platform) {
    case 'darwin':
      return { command: 'open', args: [url] };
    case 'win32':
      // Not `start`: to the shell a `&` in the URL would begin another command.
      return { command: 'rundll32', args: ['url.dll,FileProtocolHandler', url] };
    default:
      return { command: 'xdg-open', args: [url] };
  }
};

/** Whether it could be started. */
export const openBrowser = (url: string): Promise<boolean> => {
  const { protocol } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return Promise.resolve(false);
  const { command, args } = openerOf(process.platform, url);
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
};
