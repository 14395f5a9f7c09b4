import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// The built code: Jest loads this file before any transform or name mapping.
import { DatabaseSettings } from '#config';
import { migrate } from '#database';
import { EmbeddedPostgres } from '#embedded-postgres';

/** Databases of specs are copies of this one: copying takes a fraction of migrating. */
const TEMPLATE = 'ooder_template';

/** A real PostgreSQL for all specs; TEST_DATABASE_URL (of a superuser's empty database) takes the place of the embedded one. */
export default async function setup() {
  let url = process.env.TEST_DATABASE_URL;
  if (url === undefined) {
    const dataDir = mkdtempSync(join(tmpdir(), 'ooder-test-'));
    const server = await EmbeddedPostgres.start({ dataDir, database: TEMPLATE, log: () => undefined });
    globalThis.ooderTestServer = { server, dataDir };
    url = server.url;
  }
  await migrate(url, new DatabaseSettings());
  process.env.TEST_TEMPLATE_URL = url;
}
