/** What a Lambda or a server that calls RingCentral uses. */
export * from './errors.ts';
export type { CredentialProvider, Credentials } from './signed-http.ts';
export {
  createTokenClient,
  type GetOptions,
  type TokenClient,
  type TokenClientOptions,
} from './token-client.ts';
export type { TokenAnswer, TokenRequest, Transport } from './transport.ts';
export type { AccessToken, Clock, Grant } from './types.ts';
