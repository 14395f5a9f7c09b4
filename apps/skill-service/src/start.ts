import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminClient } from '#auth';
import { loadSettings, type Settings, SettingsError } from '#config';
import {
  DatabaseServer,
  DatabaseUnreachableError,
  SchemaBehindError,
  SchemaRightsError,
  TablesInUseError,
} from '#database';
import { DataFolderInUseError, DataFolderVersionError, EmbeddedPostgresError } from '#embedded-postgres';
import { createLogger, LogFileError, type ServiceLog, surviveBrokenOutput } from '#logging';
import { AdminPort } from './admin-port.js';
import { API_PREFIX } from './app.routes.js';
import { createApp } from './app.setup.js';
import { FLUSH_WITHIN, stopOnSignals } from './lifecycle.js';
import { PortError, toPortError } from './port-error.js';

const EXPLAINED = [
  SettingsError,
  DataFolderInUseError,
  DataFolderVersionError,
  EmbeddedPostgresError,
  DatabaseUnreachableError,
  SchemaRightsError,
  SchemaBehindError,
  TablesInUseError,
  LogFileError,
  PortError,
];

/** Whether the message of the error explains it; a stack would only hide it. */
function isExplained(error: unknown): error is Error {
  return EXPLAINED.some((explained) => error instanceof explained);
}

async function main(): Promise<void> {
  surviveBrokenOutput();
  const settings = loadSettings();
  const log = createLogger(settings.logging, settings.app);
  Logger.overrideLogger(log.logger);
  for (const warning of settings.warnings) log.logger.warn(warning, 'settings');
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      void fail(error, log);
    });
  }
  try {
    const app = await createApp(settings, log);
    await listen(app, settings);
    stopOnSignals(app, settings, log);
    announce(await app.getUrl(), app, settings, log);
  } catch (error) {
    await fail(error, log);
  }
}

/** Stops what was started if the server cannot listen. @throws PortError */
async function listen(app: NestFastifyApplication, { app: { host, port } }: Settings): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw toPortError(error, { host, port, hostVariable: 'APP_HOST', portVariable: 'APP_PORT' });
  }
}

function announce(url: string, app: NestFastifyApplication, settings: Settings, { logger }: ServiceLog): void {
  const base = readable(url);
  const documents = readable(app.get(AdminPort).url ?? url);
  const admin = app.get(AdminClient);
  const database = app.get(DatabaseServer).isEmbedded
    ? `embedded PostgreSQL in ${settings.app.dataDir}`
    : 'PostgreSQL of DATABASE_URL';
  const lines = [
    `ooder-skill ${settings.app.version} is ready (${database})`,
    `API         ${base}/${API_PREFIX}`,
    `Swagger UI  ${documents}/docs`,
    `Metrics     ${documents}/metrics`,
    ...(settings.tracing.url === undefined ? [] : [`Traces      go to ${settings.tracing.url}`]),
    ...(settings.outbound.isLoopbackByDefault
      ? [
          'Outbound    calls of Skills and callbacks may reach this machine; in production only with OUTBOUND_ALLOWED_CIDRS',
        ]
      : []),
    ...(settings.aiBridge.isOffByDefault
      ? [
          `Upstream    none; this is a member of another registry with AI_BRIDGE_REGISTRY_URL=${settings.aiBridge.registryUrl}`,
        ]
      : []),
    `Client      ${admin.clientId}, its secret: ${admin.secretSource}`,
  ];
  for (const line of lines) logger.log(line, 'start');
}

function readable(url: string): string {
  return url.replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost').replace('0.0.0.0', 'localhost');
}

let isFailing = false;

/** Ends the process. Further errors on the way there change nothing. */
async function fail(error: unknown, log: ServiceLog): Promise<void> {
  if (isFailing) return;
  isFailing = true;
  try {
    log.logger.fatal(isExplained(error) ? error.message : error, 'start');
    await Promise.race([log.close(), delay(FLUSH_WITHIN)]);
  } finally {
    process.exit(1);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${isExplained(error) ? error.message : String((error as Error | undefined)?.stack ?? error)}\n`,
  );
  process.exit(1);
});
