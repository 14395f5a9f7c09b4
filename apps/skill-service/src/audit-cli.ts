import { Logger } from '@nestjs/common';
import { type AuditReport, type NotedBlock, verifyAudit } from '#auth';
import { loadDatabaseSettings } from '#config';
import { dataSourceOptions, DatabaseServer } from '#database';
import { surviveBrokenOutput } from '#logging';
import { DataSource } from 'typeorm';
import { endWithError, endWithUsage } from './command-end.js';

/** Milliseconds for a query: it searches all entries for those that are in no block yet. */
const STATEMENT_TIMEOUT = 600_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * `npm run audit:verify`: checks the audit log in DATABASE_URL or, if it is unset, in the embedded server, also of a running
 * service. With `-- NUMBER:HASH` it also checks that this block of an earlier report is still there. Ends with 1 if the log is
 * broken.
 */
async function main(noted: NotedBlock | undefined): Promise<void> {
  const { app, database } = loadDatabaseSettings();
  // Messages of PostgreSQL are not for the user of this command.
  Logger.overrideLogger(['fatal', 'error', 'warn']);
  const server = await DatabaseServer.join(app, database);
  try {
    const settings = { ...database, poolSize: 1, maxOverflow: 0, statementTimeout: STATEMENT_TIMEOUT };
    const dataSource = await new DataSource(dataSourceOptions(server.url, settings, [])).initialize();
    try {
      print(await verifyAudit(dataSource, noted));
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await server.onApplicationShutdown();
  }
}

function print({ blocks, entries, unsealed, head, fault }: AuditReport): void {
  if (fault !== null) {
    process.exitCode = 1;
    say(`BROKEN: ${fault}`);
  }
  const good = fault === null ? 'the audit log is as it was sealed' : 'before that, all is as it was sealed';
  say(`${good}: ${blocks} block(s) of ${entries} entries; ${unsealed} entries are in no block yet`);
  if (head) say(`the last good block: ${head.number}:${head.hash}`);
}

surviveBrokenOutput();
const [command, block] = process.argv.slice(2);
const [, number, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(block ?? '') ?? [];
if (command !== 'verify' || (block !== undefined && hash === undefined)) {
  endWithUsage('audit-cli verify [NUMBER:HASH]');
}
main(hash === undefined ? undefined : { number: Number(number), hash }).catch(endWithError);
