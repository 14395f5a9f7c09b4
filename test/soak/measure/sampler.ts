import { readdirSync, readFileSync } from 'node:fs';
import type { createClient } from 'redis';
import { metric } from '../../support/lease-watch.js';
import type { ServiceProcess } from '../../support/service-process.js';
import type { Collector } from './collector.js';
import type { TestDatabase } from '../../support/test-database.js';

const MIB = 2 ** 20;

/** One sample. */
export interface Sample {
  /** Hours since the start. */
  at: number;
  /** Mebibytes, after a garbage collection. */
  rss: number;
  heap: number;
  /** Buffers of Node, which are outside of the heap. */
  external: number;
  /** Answers in the catalogue, as it counts them: limited by CATALOGUE_MAX_BYTES, mostly buffers. */
  catalogue: number;
  redis: number;
  /** Open files and sockets of the process. */
  handles: number;
  /** Database sessions of the service. */
  connections: number;
}

export interface TableSize {
  name: string;
  mib: number;
  live: number;
  dead: number;
}

/** Measures the service and its servers from outside. */
export class Sampler {
  readonly samples: Sample[] = [];
  private readonly began = performance.now();

  constructor(
    private readonly service: ServiceProcess,
    private readonly database: TestDatabase,
    private readonly collector: Collector,
    private readonly redis: Pick<ReturnType<typeof createClient>, 'info'>,
  ) {}

  async look(): Promise<Sample> {
    const { pid, url } = this.service;
    await this.collector.collect();
    const [[sessions], info, heap, external, catalogue] = await Promise.all([
      this.database.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'ooder-skill%'`,
      ),
      this.redis.info('memory'),
      metric(url, 'nodejs_heap_size_used_bytes'),
      metric(url, 'nodejs_external_memory_bytes'),
      metric(url, 'catalogue_bytes'),
    ]);
    const sample = {
      at: (performance.now() - this.began) / 3_600_000,
      rss: numberIn(/VmRSS:\s+(\d+) kB/, readFileSync(`/proc/${pid}/status`, 'utf8')) / 1024,
      heap: heap / MIB,
      external: external / MIB,
      catalogue: catalogue / MIB,
      redis: numberIn(/used_memory:(\d+)/, info) / MIB,
      handles: readdirSync(`/proc/${pid}/fd`).length,
      connections: sessions?.count ?? 0,
    };
    this.samples.push(sample);
    return sample;
  }

  /** The largest tables, the largest first. */
  async tables(limit: number): Promise<TableSize[]> {
    return this.database.query<TableSize>(
      `SELECT relname AS name, round(pg_total_relation_size(relid) / 1048576.0, 2)::float8 AS mib,
         n_live_tup::int AS live, n_dead_tup::int AS dead
       FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC LIMIT $1`,
      [limit],
    );
  }
}

/** @throws Error if the value is missing */
function numberIn(pattern: RegExp, text: string): number {
  const [, number] = pattern.exec(text) ?? [];
  if (number === undefined) throw new Error(`No ${pattern.source} in ${text.slice(0, 200)}`);
  return Number(number);
}
