export { effectiveAddress } from './guard/address-guard.js';
export { ADDRESS_LOOKUP, type AddressLookup, type ResolvedAddress } from './guard/address-lookup.js';
export type { OutboundAnswer } from './http/exchange.js';
export { OUTBOUND_FAULTS, OutboundError, type OutboundErrorOptions, type OutboundFault } from './outbound-error.js';
export { OutboundClient, type OutboundRequest, type WebSocketOptions } from './outbound.client.js';
export { OutboundModule } from './outbound.module.js';
export { settingsAgent, SettingsClient, type SettingsRequest } from './settings-client.js';
export { FloodGuard } from './ws/flood-guard.js';
export type { WebSocket } from 'ws';
