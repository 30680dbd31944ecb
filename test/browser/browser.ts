/** People in browsers of their own, who connect their accounts at the sandbox's port and at the simulated RingCentral. */
import { existsSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Undefined: there is a browser. */
export const whySkipped = existsSync(executablePath)
  ? undefined
  : `SKIPPED: there is no ${executablePath} (apt-get install chromium, or say where it is in CHROMIUM)`;

// Vitest counts what is skipped, and does not say why. Past its own reporter, so that nobody takes this for a pass.
if (whySkipped !== undefined) writeSync(2, `test/browser ${whySkipped}\n`);

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });

export type Person = {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Opens the link and presses its button: RingCentral's page is there then. */
  press(url: string, page?: Page): Promise<void>;
  /** At RingCentral: says who it is, and allows or denies. Ends where that leads. */
  allow(ownerId: string, page?: Page): Promise<void>;
  deny(page?: Page): Promise<void>;
  /** Of the last page: status and heading. */
  sees(page?: Page): Promise<string>;
  /** What the browser has objected to, such as a breach of the content security policy. */
  readonly objections: string[];
  leave(): Promise<void>;
};

/** Chromium reports a page's own 4xx and 5xx like this. */
const isStatus = (text: string): boolean => text.startsWith('Failed to load resource: the server responded');

export const newPerson = async (browser: Browser): Promise<Person> => {
  const context = await browser.newContext();
  context.setDefaultTimeout(5000);
  const objections: string[] = [];
  const statuses = new Map<Page, number>();
  context.on('page', page => {
    page.on('console', message => {
      if (message.type() === 'error' && !isStatus(message.text())) objections.push(message.text());
    });
    page.on('pageerror', error => objections.push(error.message));
    page.on('response', response => {
      if (response.frame() === page.mainFrame()) statuses.set(page, response.status());
    });
  });
  const first = await context.newPage();
  const person: Person = {
    context,
    page: first,
    objections,
    press: async (url, page = first) => {
      await page.goto(url);
      await page.getByRole('button', { name: 'Connect RingCentral' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    },
    allow: async (ownerId, page = first) => {
      await page.check(`input[value="${ownerId}"]`);
      await page.getByRole('button', { name: 'Allow' }).click();
    },
    deny: (page = first) => page.getByRole('button', { name: 'Deny' }).click(),
    sees: async (page = first) => {
      const heading = await page.getByRole('heading').first().textContent();
      return `${statuses.get(page)} ${heading}`;
    },
    leave: () => context.close(),
  };
  return person;
};

export type LittleServer = { readonly url: string; close(): void };

export const serve = async (handler: Parameters<typeof createServer>[1]): Promise<LittleServer> => {
  const server: Server = createServer(handler);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
