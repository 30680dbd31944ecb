/** The HTML of the authorisation endpoint. No script, no outside resource. */

import type { App, UserConfig } from './config.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, char => entities[char] ?? '');

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1c2b39 }
label { display: block; padding: .2rem 0 } button { font: inherit; padding: .4rem 1.2rem; margin: 1rem .5rem 0 0 }
small { color: #5a6b7b }
</style>
</head>
<body>
${content}
<p><small>This is a simulator, not RingCentral.</small></p>
</body>
</html>
`;

export const errorPage = (message: string): string =>
  page('Cannot authorize', `<h1>Cannot authorize</h1>\n<p>${escapeHtml(message)}</p>`);

const passedOn = [
  'client_id',
  'redirect_uri',
  'response_type',
  'state',
  'code_challenge',
  'code_challenge_method',
];

const hidden = (query: URLSearchParams): string =>
  passedOn
    .filter(name => query.has(name))
    .map(name => `<input type="hidden" name="${name}" value="${escapeHtml(query.get(name) ?? '')}">`)
    .join('\n');

const choice = ({ ownerId, name }: UserConfig, index: number): string =>
  `<label><input type="radio" name="owner_id" value="${escapeHtml(ownerId)}"${index === 0 ? ' checked' : ''}> ` +
  `${escapeHtml(name)} <small>${escapeHtml(ownerId)}</small></label>`;

/** Nobody scrolls through more. */
const maxChoices = 200;

/** Who is it, and may this app use the account? The form repeats the request's own parameters. */
export const consentPage = (app: App, users: readonly UserConfig[], query: URLSearchParams): string =>
  page(
    'Authorize',
    `<h1>Sign in</h1>
<p><b>${escapeHtml(app.clientId)}</b> asks for: ${escapeHtml(app.scope)}</p>
<form method="post" action="/restapi/oauth/authorize">
${hidden(query)}
${users.slice(0, maxChoices).map(choice).join('\n')}
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`,
  );
