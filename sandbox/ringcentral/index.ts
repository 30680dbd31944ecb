/** A RingCentral of one's own: its OAuth endpoints, their documented behaviour, and every way in which they can fail. */

export type { Answer } from './answers.ts';
export type { AuthRequest } from './arrival.ts';
export type { AppConfig, GrantType, Rules, UserConfig } from './config.ts';
export { type AuthorizeOptions, type SessionView, type Stats, UnknownSubjectError } from './controls.ts';
export type { SimulatorEvent } from './events.ts';
export type { Exchange } from './exchange.ts';
export type { Fault, FaultEndpoint, FaultQueue } from './faults.ts';
export type { CountName, Counts, LogEntry, NeedlessReason, Outcome } from './ledger.ts';
export { createProvider, type Provider } from './provider.ts';
export { type Simulator, type SimulatorOptions, startSimulator } from './server.ts';
export type { Delivery, EndReason, TokenResponse } from './session.ts';
export type { Snapshot } from './snapshot.ts';
export { loadSnapshot, saveSnapshot } from './snapshot-file.ts';
export type { ProviderOptions } from './state.ts';
