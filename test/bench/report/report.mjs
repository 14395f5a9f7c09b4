import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { etcdVersion } from '../baseline/etcd.mjs';
import { placement } from '../site/placement.mjs';

const MODULES = join(import.meta.dirname, '..', '..', '..', 'node_modules');
const GIB = 2 ** 30;
const HEADINGS = ['row', 'measured: median (min–max)', 'baseline: median (min–max)', 'ratio', 'target', ''];

/** Date, machine and versions of a run. */
export async function circumstances({ terms, site, generator }, seconds) {
  const [{ server_version }] = await site.query('SHOW server_version');
  const [, redis] = /redis_version:(\S+)/.exec(await site.askRedis('INFO server')) ?? [];
  const { version: fastify } = JSON.parse(readFileSync(join(MODULES, 'fastify', 'package.json'), 'utf8'));
  return {
    date: new Date().toISOString(),
    mode: terms.mode,
    seconds: Math.round(seconds),
    rounds: `${terms.rounds} of ${terms.roundMs / 1000} s, baseline and service by turns; ratios are medians of the rounds' ratios`,
    machine: `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / GIB)} GiB`,
    versions: `Node ${process.versions.node}, Fastify ${fastify}, PostgreSQL ${server_version}, Redis ${redis}`,
    etcd: etcdVersion() ?? 'not on the PATH: its comparisons are left out',
    placement: placement.note,
    service:
      'NODE_ENV=production: tokens checked, bodies validated, metrics on, limits on with a number never reached, access log on to /dev/null',
    load: `32 connections; the generator needed ${(100 * generator.busiest).toFixed(0)} % of its core at most`,
  };
}

/** A Markdown table with aligned columns, for a terminal too. */
export function tableOf(lines) {
  const rows = [HEADINGS, ...lines.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(1, ...rows.map((row) => row[column].length)));
  const written = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n');
}

function cellsOf({ name, unit, measured, baseline, ratio, target = '', met, fault }) {
  if (fault !== undefined) return [name, `failed: ${fault}`, '', '', '', 'failed'];
  const verdict = met === undefined ? '' : met ? 'met' : 'missed';
  return [
    name,
    `${spread(measured)} ${unit}`,
    baseline === undefined ? '' : `${baseline.name}: ${spread(baseline)}`,
    ratio === undefined ? '' : `${times(ratio.median)} (${times(ratio.min)}–${times(ratio.max)})`,
    target,
    verdict,
  ];
}

function spread({ median, min, max }) {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`;
}

function figure(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function times(ratio) {
  return ratio.toFixed(ratio < 0.1 ? 3 : 2);
}
