/** Runs everything, what goes wrong included, with secrets that can be found again; prints errors, events and summaries only. */
import { clientId, clientSecret, owners, startSandbox } from './sandbox.ts';

const sandbox = await startSandbox(
  { verdictDelayMs: 0, minTokenAgeMs: 0, holdStepsMs: [1], refreshedEvents: true, waitBudgetMs: 100 },
  { tokenPrefix: 'CANARY' },
);
const { http, sweep, simulator, aws, direct } = sandbox;
const { provider, faults } = simulator;
const tokens: string[] = [];

const show = (name: string, answer: { status: number; body: unknown }) => {
  const secret = answer.status === 200 && name.endsWith('token');
  console.log(name, answer.status, secret ? '' : JSON.stringify(answer.body));
};
const grant = async (grantId: string, index: number) => {
  const response = provider.authorize(owners[index] ?? '', clientId);
  tokens.push(response.access_token, response.refresh_token ?? '');
  show('put', await http('PUT', `/grants/${grantId}`, { body: response }));
  return response;
};
const rejected = (grantId: string, generation: number) =>
  http('POST', `/grants/${grantId}/refresh`, { body: { rejectedGeneration: generation } });

const first = await grant('a', 0);
show('get token', await http('GET', '/grants/a/token'));
show('refresh token', await rejected('a', 1));
show('get', await http('GET', '/grants/a'));
show('list', await http('GET', '/grants'));
show('wrong type', await http('PUT', '/grants/b', { body: { ...first, expires_in: 'soon' } }));
show('no owner', await http('PUT', '/grants/b', { body: { ...first, owner_id: undefined } }));
show('owner taken', await http('PUT', '/grants/b', { body: { ...first, refresh_token: 'CANARY-other' } }));
show('broken json', await http('PUT', '/grants/b', { rawBody: `${JSON.stringify(first)}}` }));
show('token in the path', await http('GET', `/grants/${first.access_token}/token`));
show('token in the query', await http('GET', '/grants', { query: { cursor: first.access_token } }));
console.log(
  'direct',
  JSON.stringify(
    await direct('admin', { action: 'putGrant', grantId: 'b', body: { ...first, token_type: 7 } }),
  ),
);
console.log(
  'direct',
  JSON.stringify(await direct('get', { action: first.refresh_token, grantId: first.access_token })),
);

const kinds = ['drop-after', 'drop-before', 'truncate', 'html', 'garbage', 'oversize'] as const;
for (const [i, kind] of kinds.entries()) {
  await grant(`fault-${i}`, i + 1);
  faults.add({ endpoint: 'token', kind, times: 1, ...(kind === 'html' && { processed: true }) } as never);
  show(`${kind} token`, await rejected(`fault-${i}`, 1));
}
await sweep();
provider.endSessions(owners[1]);
show('dead token', await rejected('fault-0', (await http('GET', '/grants/fault-0')).body.generation));
await sweep();
provider.rotateSecret(clientId);
show('wrong secret token', await rejected('fault-1', (await http('GET', '/grants/fault-1')).body.generation));
faults.add({ endpoint: 'revoke', kind: 'drop-before', times: 1 });
show('revoke', await http('DELETE', '/grants/fault-2'));
await sweep();
aws.setSecret(
  'ringbearer-apps',
  `{"apps":[{"name":"main","server":"${clientSecret}","clientId":"x","clientSecret":"${clientSecret}"}]}`,
);
show('bad secret', await http('PUT', '/grants/z', { body: provider.authorize(owners[7], clientId) }));
console.log('events', JSON.stringify(aws.events));
console.log('stats', JSON.stringify(provider.stats().counts), 'finished');
await sandbox.close();
process.exit(tokens.every(token => token.includes('CANARY')) ? 0 : 1);
