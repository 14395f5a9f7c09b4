import { readdirSync, readFileSync } from 'node:fs';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { MetricRegistry } from './metric-registry.js';

/**
 * What dashboards for Node expect of a process, under the names that prom-client's default metrics use. Reading is
 * cheap: system calls, and /proc on Linux, which does no disk I/O.
 */
export function registerProcessMetrics(metrics: MetricRegistry): void {
  registerCpu(metrics);
  registerMemory(metrics);
  registerRuntime(metrics);
  if (process.platform === 'linux') registerFileDescriptors(metrics);
}

function registerCpu(metrics: MetricRegistry): void {
  const add = (name: string, help: string, microseconds: (usage: NodeJS.CpuUsage) => number): void => {
    let last = 0;
    metrics.counter({
      name,
      help,
      collect: (counter) => {
        const now = microseconds(process.cpuUsage());
        counter.inc((now - last) / 1e6);
        last = now;
      },
    });
  };
  add('process_cpu_user_seconds_total', 'User CPU time, in seconds.', ({ user }) => user);
  add('process_cpu_system_seconds_total', 'System CPU time, in seconds.', ({ system }) => system);
  add('process_cpu_seconds_total', 'User and system CPU time, in seconds.', ({ user, system }) => user + system);
}

function registerMemory(metrics: MetricRegistry): void {
  const add = (name: string, help: string, read: () => number): void => {
    metrics.gauge({
      name,
      help,
      collect: (gauge) => {
        gauge.set(read());
      },
    });
  };
  add('process_resident_memory_bytes', 'Resident memory, in bytes.', () => process.memoryUsage.rss());
  add('nodejs_heap_size_total_bytes', 'Size of the heap, in bytes.', () => process.memoryUsage().heapTotal);
  add('nodejs_heap_size_used_bytes', 'Used part of the heap, in bytes.', () => process.memoryUsage().heapUsed);
  // Beyond it the process ends, whatever memory the machine has left.
  add(
    'nodejs_heap_size_limit_bytes',
    'Most that the heap may use, in bytes.',
    () => getHeapStatistics().heap_size_limit,
  );
  add('nodejs_external_memory_bytes', 'Memory outside of the heap, in bytes.', () => process.memoryUsage().external);
  metrics.gauge({
    name: 'nodejs_heap_space_size_used_bytes',
    help: 'Used part of each space of the heap, in bytes.',
    labelNames: ['space'],
    collect: (gauge) => {
      for (const { space_name, space_used_size } of getHeapSpaceStatistics())
        gauge.set({ space: space_name.replace(/_space$/, '') }, space_used_size);
    },
  });
}

function registerRuntime(metrics: MetricRegistry): void {
  metrics
    .gauge({ name: 'process_start_time_seconds', help: 'Start of the process, in seconds since 1970.' })
    .set(Math.round(performance.timeOrigin / 1000));
  const [major = '', minor = '', patch = ''] = process.versions.node.split('.');
  metrics
    .gauge({
      name: 'nodejs_version_info',
      help: 'Version of Node.js.',
      labelNames: ['version', 'major', 'minor', 'patch'],
    })
    .set({ version: process.version, major, minor, patch }, 1);
  metrics.gauge({
    name: 'nodejs_active_resources',
    help: 'Resources that keep the event loop alive, by type.',
    labelNames: ['type'],
    collect: (gauge) => {
      gauge.reset();
      for (const type of process.getActiveResourcesInfo()) gauge.inc({ type });
    },
  });
}

function registerFileDescriptors(metrics: MetricRegistry): void {
  metrics.gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    // Less the one by which the folder itself is read.
    collect: (gauge) => {
      gauge.set(readdirSync('/proc/self/fd').length - 1);
    },
  });
  metrics.gauge({
    name: 'process_max_fds',
    help: 'Limit of open file descriptors.',
    collect: (gauge) => {
      const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
      gauge.set(limit === undefined ? Infinity : Number(limit));
    },
  });
}
