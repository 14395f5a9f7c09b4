import { setTimeout as delay } from 'node:timers/promises';
import { OwnPostgres } from '../support/own-postgres.js';
import { scenario } from './scenario.js';
import { FaultSite } from './site/fault-site.js';
import { SmallDisk } from './site/small-disk.js';

/** MiB: a cluster and a database need 60, the writes of two replicas some more. */
const DISK_MIB = 160;
const FULL_MS = 15_000;

scenario(
  {
    name: 'postgres-disk-full',
    promise:
      'no acknowledged write is lost; reads work or get 503; the service works again by itself when there is room',
    fault: 'the disk of PostgreSQL is full for 15 s',
    withinS: 180,
  },
  async (findings) => {
    const disk = SmallDisk.mount(DISK_MIB);
    findings.atEnd(() => {
      disk.unmount();
    });
    const postgres = await OwnPostgres.start(disk.folder('data'));
    const site = await FaultSite.start(findings, { replicas: 2, database: postgres });
    const before = site.traffic.failed;
    const filled = disk.fill();
    await delay(FULL_MS);
    const failed = site.traffic.failed - before;
    // A fault without effect proves nothing.
    if (failed === 0) throw new Error('The disk is full, and no write failed');
    disk.free();
    findings.figures({ 'MiB filled': filled / 2 ** 20, 'recovery s': (await site.recovered()) / 1000 });
    await site.check();
  },
);
