import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads the outcomes in this folder, sorted by name. */
export function outcomesIn(folder) {
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** A Markdown table, as in docs/maintainers/faults-and-soak.md. */
export function tableOf(outcomes) {
  const rows = outcomes.map(({ name, promise, fault, result, figures, notes, seconds }) => {
    const shown = Object.entries(figures).map(([figure, value]) => `${figure}: ${Number(value.toFixed(2))}`);
    const told = result === 'kept' ? shown : [...shown, ...notes];
    return [name, promise, fault, `**${result}**`, told.join(', ').replaceAll('|', '/'), `${seconds.toFixed(0)} s`];
  });
  const lines = [
    ['scenario', 'promise', 'fault', 'result', 'figures', 'took'],
    ['---', '---', '---', '---', '---', '---'],
    ...rows,
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
