import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Living processes with this text among their arguments. */
export function processesNaming(text: string): number[] {
  return processes('cmdline', (line) => line.includes(text));
}

/** Living processes that this one has started. */
export function childrenOf(parent: number): number[] {
  return processes('stat', (stat) => parentIn(stat) === parent);
}

export function parentOf(pid: number): number {
  return parentIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** The name of the program may hold anything; after it come the state and the parent. */
function parentIn(stat: string): number {
  const [, after = ''] = /\) (.*)$/s.exec(stat) ?? [];
  return Number(after.split(' ')[1]);
}

function processes(file: string, matches: (text: string) => boolean): number[] {
  if (!existsSync('/proc/self/cmdline')) throw new Error('These tests need /proc, as Linux has it');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return matches(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
      } catch {
        // It has just ended.
        return false;
      }
    })
    .map(Number);
}
