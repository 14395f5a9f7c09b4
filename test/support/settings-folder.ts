import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, type Settings, SettingsError } from '#config';

/** Where settings are loaded that depend on nothing but what they are given: no environment, a folder of their own. */
export class SettingsFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ooder-settings-'));

  load(env: Record<string, string>): Settings {
    return loadSettings({ DATA_DIR: join(this.path, 'data'), ...env }, join(this.path, '.env'));
  }

  /** @throws Error when there is none */
  faultsOf(env: Record<string, string>): SettingsError {
    try {
      this.load(env);
    } catch (error) {
      if (error instanceof SettingsError) return error;
      throw error;
    }
    throw new Error('the settings were taken');
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
