import { Logger } from '@nestjs/common';
import { loadDatabaseSettings } from '#config';
import { createDatabase, DatabaseServer, migrate, revert } from '#database';
import { surviveBrokenOutput } from '#logging';
import { endWithError, endWithUsage } from './command-end.js';

const COMMANDS = ['init', 'migrate', 'revert'] as const;
type Command = (typeof COMMANDS)[number];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm run db:init`, `db:migrate` and `db:revert`: for DATABASE_URL or, if it is unset, for the embedded server. */
async function main(command: Command): Promise<void> {
  const { app, database } = loadDatabaseSettings();
  // Messages of PostgreSQL are not for the user of this command.
  Logger.overrideLogger(['fatal', 'error', 'warn']);
  if (command === 'init' && database.url !== undefined && (await createDatabase(database.url, database.connectTimeout)))
    say('created the database');
  const server = await DatabaseServer.open(app, database);
  try {
    if (command === 'revert') {
      const reverted = await revert(server.url, database);
      say(reverted === undefined ? 'nothing to revert' : `reverted ${reverted}`);
    } else {
      const done = await migrate(server.url, database);
      say(done.length === 0 ? 'the schema is up to date' : `migrated: ${done.join(', ')}`);
    }
  } finally {
    await server.onApplicationShutdown();
  }
}

surviveBrokenOutput();
const command = process.argv[2] as Command;
if (!COMMANDS.includes(command)) {
  endWithUsage(`database-cli ${COMMANDS.join('|')}`);
}
main(command).catch(endWithError);
