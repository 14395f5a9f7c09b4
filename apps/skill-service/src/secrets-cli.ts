import { Logger } from '@nestjs/common';
import { loadSecretsSettings } from '#config';
import { DatabaseServer, dataSourceOptions } from '#database';
import { surviveBrokenOutput } from '#logging';
import { rotateSecrets, createSecretBox } from '#skills';
import { DataSource } from 'typeorm';
import { endWithError, endWithUsage } from './command-end.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * `npm run secrets:rotate`: encrypts secrets again with SECURITY_ENCRYPTION_KEY that SECURITY_PREVIOUS_ENCRYPTION_KEYS
 * encrypted. The service may run meanwhile, if it has both. Ends with 1 if a secret cannot be read.
 */
async function main(): Promise<boolean> {
  const { app, database, security } = loadSecretsSettings();
  // Messages of PostgreSQL are not for the user of this command.
  Logger.overrideLogger(['fatal', 'error', 'warn']);
  const server = await DatabaseServer.join(app, database);
  try {
    const dataSource = await new DataSource(dataSourceOptions(server.url, database, [])).initialize();
    try {
      const { rotated, current, unreadable } = await rotateSecrets(dataSource, createSecretBox(security));
      for (const { message } of unreadable) process.stderr.write(`${message}\n`);
      say(`encrypted again: ${rotated}; had the present key: ${current}; cannot be read: ${unreadable.length}`);
      return unreadable.length === 0;
    } finally {
      await dataSource.destroy();
    }
  } finally {
    await server.onApplicationShutdown();
  }
}

surviveBrokenOutput();
// With --help or --dry-run it must not rotate.
if (process.argv.length > 2) endWithUsage('secrets-cli, with no arguments');
main().then((complete) => {
  if (!complete) process.exit(1);
}, endWithError);
