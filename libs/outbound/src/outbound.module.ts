import { Module } from '@nestjs/common';
import { OutboundClient } from './outbound.client.js';
import { SettingsClient } from './settings-client.js';

/** Needs the settings of `SettingsModule`. */
@Module({ providers: [OutboundClient, SettingsClient], exports: [OutboundClient, SettingsClient] })
export class OutboundModule {}
