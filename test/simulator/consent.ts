/** The user logs in and allows it: the code that RingCentral then sends to the redirect URI. */
import type { Provider } from '../../sandbox/ringcentral/index.ts';

export type Consent = {
  readonly ownerId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** S256 of the code verifier. */
  readonly codeChallenge?: string;
};

export const consent = (provider: Pick<Provider, 'decide'>, asked: Consent): string => {
  const { ownerId, clientId, redirectUri, codeChallenge } = asked;
  const answer = provider.decide(
    new URLSearchParams({
      decision: 'allow',
      owner_id: ownerId,
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      ...(codeChallenge !== undefined && { code_challenge: codeChallenge, code_challenge_method: 'S256' }),
    }),
  );
  const code = new URL(answer.headers.location ?? '', 'http://nowhere').searchParams.get('code');
  if (code === null) throw new Error(`no code: ${answer.status} ${answer.body}`);
  return code;
};
