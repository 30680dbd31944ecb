/** What a person sees who connects an account: small pages without script, each saying what to do. Pure. */
import { createHash } from 'node:crypto';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, char => entities[char] ?? '');

const style = `
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto 0; padding: 0 1.5rem }
h1 { font-size: 1.4rem }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; border: 0; border-radius: .4rem; color: #fff; background: #0a5fb4 }
button:focus-visible { outline: 3px solid #e8931c; outline-offset: 2px }
small { opacity: .75 }
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * `form-action` holds for the redirects after a POST too (Chrome): to RingCentral, which sends its users on to hosts of its own, and, where
 * it asks them nothing, back here and to where the link leads. So any HTTPS host is allowed; of `leadsTo` plain HTTP ones, too.
 */
const policyFor = (leadsTo: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    ["form-action 'self' https:", ...leadsTo.map(url => new URL(url).origin)].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** `same-origin`: the POST of the button tells its origin, and RingCentral is told no link. */
export const pageHeaders = (leadsTo: readonly string[] = []): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policyFor(leadsTo),
  'referrer-policy': 'same-origin',
  'x-robots-tag': 'noindex, nofollow',
});

export type Page = {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** Plain text beside it, for whoever is asked to help. */
  readonly detail?: string;
  readonly retryAfterSeconds?: number;
  readonly button?: { readonly text: string; readonly action: string; readonly link: string };
  /** URLs that the button leads to in the end. */
  readonly leadsTo?: readonly string[];
};

const renderButton = ({ text, action, link }: NonNullable<Page['button']>): string => `
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="link" value="${escapeHtml(link)}">
<button>${escapeHtml(text)}</button>
</form>`;

export const render = ({ title, text, detail, button }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>${button === undefined ? '' : renderButton(button)}${detail === undefined ? '' : `\n<p><small>${escapeHtml(detail)}</small></p>`}
</main>
</body>
</html>
`;
