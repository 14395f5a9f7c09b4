import { Module } from '@nestjs/common';
import { OutboundClient } from './outbound.client.js';
import { SettingsClient } from './settings-client.js';

/** Outgoing HTTP calls and WebSockets. Needs `SettingsModule`. */
@Module({ providers: [OutboundClient, SettingsClient], exports: [OutboundClient, SettingsClient] })
export class OutboundModule {}
