import { AUTH_ENTITIES, createClientImporter } from '#auth';
import { RedisConnection } from '#cache';
import { DatabaseSettings, RedisSettings, SecuritySettings } from '#config';
import { dataSourceOptions, Transactions } from '#database';
import { createSkillImporters, SKILL_ENTITIES } from '#skills';
import { createKinds, Import, type ImportOptions } from '#transfer';
import { DataSource } from 'typeorm';
import type { TestDatabase } from './test-database.js';

/** A connection like the one of the commands that export and import. */
export function connectTo({ url }: TestDatabase): Promise<DataSource> {
  const settings = Object.assign(new DatabaseSettings(), { poolSize: 1, maxOverflow: 1 });
  return new DataSource(dataSourceOptions(url, settings, [...AUTH_ENTITIES, ...SKILL_ENTITIES])).initialize();
}

/** Imports a file as the command does. Returns the counts of each kind, and what is lacking. */
export async function importFrom(file: string, target: DataSource, options: Partial<ImportOptions> = {}) {
  const security = new SecuritySettings();
  const kinds = createKinds({
    clients: createClientImporter(target, security),
    ...createSkillImporters(target, new RedisConnection(new RedisSettings()), security),
  });
  const all = { onConflict: 'fail', dryRun: false, ...options } as const;
  const report = await new Import(kinds, new Transactions(target), all).run(file);
  return { ...Object.fromEntries(report.counts), lacking: report.lacking.told };
}
