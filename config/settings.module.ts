import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';
import type { Settings } from './settings.js';

/** Provides the settings, parsed once at boot, to every module. Inject a section by its `KEY`. */
@Module({})
export class SettingsModule {
  static forRoot({ warnings: _warnings, ...settings }: Settings): DynamicModule {
    const sections = Object.entries(settings);
    return {
      module: SettingsModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          // loadSettings has read the environment and the .env file already.
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: sections.map(([name, section]) => registerAs(name, () => section)),
        }),
      ],
    };
  }
}
