import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AiBridgeSettings,
  AppSettings,
  CatalogueSettings,
  ChannelSettings,
  CommandsSettings,
  DatabaseSettings,
  EdgeSettings,
  LoggingSettings,
  OperationsSettings,
  OutboundSettings,
  QuotasSettings,
  RateLimitSettings,
  RedisSettings,
  OidcSettings,
  ProbesSettings,
  RegistrySettings,
  SecuritySettings,
  type Settings,
  TracingSettings,
} from '#config';
import { surviveBrokenOutput } from '#logging';
import { AppModule } from './app.module.js';
import { setPrefix } from './app.routes.js';
import { endWithUsage } from './command-end.js';
import { createOpenApiDocument } from './openapi.js';

/** Writes the OpenAPI document to a file; with --check compares it with the file. Needs no database. */
async function main(file: string, check: boolean): Promise<void> {
  const settings: Settings = {
    app: new AppSettings(),
    database: new DatabaseSettings(),
    security: new SecuritySettings(),
    oidc: new OidcSettings(),
    edge: new EdgeSettings(),
    operations: new OperationsSettings(),
    rateLimit: new RateLimitSettings(),
    quotas: new QuotasSettings(),
    redis: new RedisSettings(),
    aiBridge: new AiBridgeSettings(),
    registry: new RegistrySettings(),
    catalogue: new CatalogueSettings(),
    channel: new ChannelSettings(),
    outbound: new OutboundSettings(),
    commands: new CommandsSettings(),
    probes: new ProbesSettings(),
    logging: new LoggingSettings(),
    tracing: new TracingSettings(),
    warnings: [],
  };
  const app = await NestFactory.create(AppModule.forRoot(settings), new FastifyAdapter(), {
    preview: true,
    logger: false,
  });
  setPrefix(app);
  const document = `${JSON.stringify(createOpenApiDocument(app, settings.app), null, 2)}\n`;
  if (!check) {
    writeFileSync(file, document);
  } else if (readFileSync(file, 'utf8') !== document) {
    throw new Error(`${file} is stale: run npm run openapi and commit it`);
  }
}

function parseArguments(args: string[]): { file: string; check: boolean } {
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { check: { type: 'boolean', default: false } },
    });
    const [file, ...others] = positionals;
    if (file !== undefined && others.length === 0) return { file, check: values.check };
  } catch {
    // Unknown option.
  }
  endWithUsage('openapi-cli FILE [--check]');
}

surviveBrokenOutput();
const { file, check } = parseArguments(process.argv.slice(2));
main(file, check).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
