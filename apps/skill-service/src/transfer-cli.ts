import { Logger } from '@nestjs/common';
import { AUTH_ENTITIES, createClientImporter } from '#auth';
import { RedisConnection } from '#cache';
import { type DatabaseSettings, loadDatabaseSettings, loadTransferSettings, type Settings } from '#config';
import { DatabaseServer, dataSourceOptions, inSnapshot, migrate, schemaOf, Transactions } from '#database';
import { surviveBrokenOutput } from '#logging';
import { createSkillImporters, SKILL_ENTITIES } from '#skills';
import {
  exportRegistry,
  Import,
  type ImportOptions,
  type ImportReport,
  createKinds,
  spooled,
  writeWhole,
} from '#transfer';
import { DataSource } from 'typeorm';
import { endWithError, endWithUsage } from './command-end.js';
import { TRANSFER_USAGE, transferCommandOf } from './transfer-arguments.js';

/** Milliseconds that a statement of an export may take: the first one may sort all Skills. */
const STATEMENT_TIMEOUT = 600_000;
/** Missing secrets that are listed by name. */
const MAX_SHOWN = 20;

/** Messages go to standard error, because the file may go to standard output. */
const note = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * `npm run export` and `npm run import` (docs/backup.md): everything but secrets, of DATABASE_URL or, without it, of the
 * embedded server, also while a service uses it. The exit status is 1 if something was not done.
 */
async function main(): Promise<void> {
  const asked = transferCommandOf(process.argv.slice(2)) ?? endWithUsage(TRANSFER_USAGE);
  // Messages of PostgreSQL are not for the user of this command.
  Logger.overrideLogger(['fatal', 'error', 'warn']);
  if (asked.command === 'export') await runExport(asked.output);
  else await runImport(asked.file, asked.options);
}

async function runExport(output: string | undefined): Promise<void> {
  const settings = loadDatabaseSettings();
  const { version } = settings.app;
  const { counts } = await withDatabase(settings, STATEMENT_TIMEOUT, (dataSource) =>
    output === undefined
      ? exportRegistry(dataSource, process.stdout, version)
      : writeWhole(output, (sink) => exportRegistry(dataSource, sink, version)),
  );
  note(`exported ${Object.entries(counts).map(counted).join(', ')}`);
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  const settings = loadTransferSettings();
  const redis = new RedisConnection(settings.redis);
  await redis.onModuleInit();
  try {
    const report = await withDatabase(settings, settings.database.statementTimeout, async (dataSource, url) => {
      if (options.dryRun) await inSnapshot(dataSource, schemaOf);
      else await migrate(url, settings.database);
      const kinds = createKinds({
        clients: createClientImporter(dataSource, settings.security),
        ...createSkillImporters(dataSource, redis, settings.security),
      });
      const run = (path: string) => new Import(kinds, new Transactions(dataSource), options).run(path);
      return file === '-' ? spooled(process.stdin, run) : run(file);
    });
    tell(report, options);
  } finally {
    await redis.onApplicationShutdown();
  }
}

async function withDatabase<T>(
  { app, database }: Pick<Settings, 'app' | 'database'>,
  statementTimeout: number,
  work: (dataSource: DataSource, url: string) => Promise<T>,
): Promise<T> {
  const server = await DatabaseServer.join(app, database);
  try {
    const settings: DatabaseSettings = { ...database, poolSize: 1, maxOverflow: 1, statementTimeout };
    const options = dataSourceOptions(server.url, settings, [...AUTH_ENTITIES, ...SKILL_ENTITIES]);
    const dataSource = await new DataSource(options).initialize();
    try {
      return await work(dataSource, server.url);
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await server.onApplicationShutdown();
  }
}

function tell({ counts, present, lacking }: ImportReport, { dryRun }: ImportOptions): void {
  const verb = dryRun ? 'would be ' : '';
  for (const [type, { created, replaced, present: kept, left }] of counts) {
    const own = left > 0 ? `, ${left} left to this registry itself` : '';
    note(`${type}: ${verb}created ${created}, ${verb}replaced ${replaced}, skipped ${kept}${own}`);
  }
  if (counts.size === 0) note('there is nothing in the file');
  remind('are here already, and were skipped', present);
  remind('are not in the file and have to be set anew', lacking);
}

function remind(what: string, { told, total }: { told: readonly string[]; total: number }): void {
  if (total === 0) return;
  note(`${total} ${what}:`);
  for (const text of told.slice(0, MAX_SHOWN)) note(`  ${text}`);
  if (total > MAX_SHOWN) note(`  and ${total - MAX_SHOWN} more`);
}

function counted([type, count]: [string, number]): string {
  return `${count} ${type}${count === 1 ? '' : 's'}`;
}

surviveBrokenOutput();
// If the reader of standard output ends early, the export has failed.
process.stdout.on('error', (error: Error) => {
  note(`standard output: ${error.message}`);
  process.exit(1);
});
main().catch(endWithError);
