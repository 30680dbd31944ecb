/** Commands to paste into another shell. Pure. */
import { app, joan, spareOwner } from '../demonstration.ts';

export type CurlLine = { readonly title: string; readonly command: string };

export const curlLines = (apiUrl: string, simulatorUrl: string): readonly CurlLine[] => {
  const grant = (id: string) => `${apiUrl}/grants/${id}`;
  const json = "-H 'content-type: application/json'";
  const field = (name: string, pattern: string) => `sed 's/.*"${name}":"\\{0,1\\}\\(${pattern}\\).*/\\1/'`;
  const token = `$(curl -s ${grant('demo:barbara')}/token | ${field('accessToken', '[^"]*')})`;
  const generation = `$(curl -s ${grant('demo:grace')} | ${field('generation', '[0-9]*')})`;
  const consent = JSON.stringify({ ownerId: spareOwner.ownerId, clientId: app.clientId });
  const fault = JSON.stringify({ endpoint: 'token', kind: 'drop-after' });
  const invocation = JSON.stringify({ action: 'getToken', grantId: 'demo:grace' });
  return [
    { title: 'A token', command: `curl -s ${grant('demo:grace')}/token; echo` },
    {
      title: "Use one at RingCentral's API",
      command: `curl -s -H "authorization: Bearer ${token}" ${simulatorUrl}/restapi/v1.0/account/~/extension/~; echo`,
    },
    { title: 'All grants', command: `curl -s '${apiUrl}/grants?limit=10'; echo` },
    {
      title: 'Report the present token as rejected: it is replaced',
      command: `curl -s -X POST ${grant('demo:grace')}/refresh ${json} -d "{\\"rejectedGeneration\\":${generation}}"; echo`,
    },
    {
      title: 'Have another user consent, and import the token response',
      command: `curl -s -X POST ${simulatorUrl}/simulator/authorize -d '${consent}' | curl -s -X PUT ${grant(spareOwner.grantId)} ${json} --data-binary @-; echo`,
    },
    {
      title: `Make a link, to be opened in a browser, with which ${joan.name} connects her account: choose ${joan.name} there`,
      command: `curl -s -X POST ${grant(joan.grantId)}/connect-links; echo`,
    },
    { title: 'Revoke', command: `curl -s -X DELETE ${grant('demo:alan')}; echo` },
    {
      title: 'Invoke the function directly, through its alias',
      command: `curl -s -X POST ${apiUrl}/2015-03-31/functions/ringbearer-api:get/invocations -d '${invocation}'; echo`,
    },
    {
      title: 'Lose the answer to the next refresh, and see it asked for again',
      command: `curl -s -X POST ${simulatorUrl}/simulator/faults -d '${fault}'; echo`,
    },
  ];
};

export const renderCurlLines = (lines: readonly CurlLine[]): string[] =>
  lines.flatMap(({ title, command }) => [`# ${title}`, command]);
