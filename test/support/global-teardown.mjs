import { rmSync } from 'node:fs';

export default async function teardown() {
  const running = globalThis.ooderTestServer;
  if (running === undefined) return;
  await running.server.stop();
  rmSync(running.root, { recursive: true, force: true });
}
