/** What another CDK application uses. */
export { defaultSettings, type Settings } from '../functions/domain/settings.ts';
export { RingbearerStack, type RingbearerStackProps } from './ringbearer-stack.ts';
export { TokenKeeper } from './token-keeper.ts';
export type {
  AliasName,
  ApiFunctionProps,
  ConnectProps,
  FunctionProps,
  GrantOptions,
  TokenKeeperProps,
} from './token-keeper-props.ts';
