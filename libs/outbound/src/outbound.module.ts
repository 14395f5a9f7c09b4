import { Module } from '@nestjs/common';
import { OutboundClient } from './outbound.client.js';

/** Needs the settings of `SettingsModule`. */
@Module({ providers: [OutboundClient], exports: [OutboundClient] })
export class OutboundModule {}
