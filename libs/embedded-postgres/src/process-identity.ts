import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Returns a text that identifies the living process with this pid, and no later one with the same pid: it contains the boot
 * and the start time. Returns undefined if there is no such process. A killed process for which its parent has not waited yet (a zombie) counts as dead: it holds no file, and in a
 * container without an init it never disappears.
 */
export function lifeMark(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxMark(pid);
  if (process.platform === 'win32') {
    return run('powershell.exe', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.Ticks`]);
  }
  const line = run('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]);
  if (line === undefined || line.startsWith('Z')) return undefined;
  return line.replace(/^\S+\s+/, '').replace(/\W+/g, '-');
}

/** The arguments of a process; if the system shows them only as one line, this line. Empty: no such process. */
export function commandLine(pid: number): string[] {
  if (process.platform === 'linux') {
    const text = readProc(`/proc/${pid}/cmdline`) ?? '';
    return text.split('\0').filter((argument) => argument !== '');
  }
  const line =
    process.platform === 'win32'
      ? run('powershell.exe', [
          '-NoProfile',
          '-Command',
          `(Get-CimInstance Win32_Process -Filter "ProcessId=${pid}").CommandLine`,
        ])
      : run('ps', ['-o', 'command=', '-p', String(pid)]);
  return line === undefined ? [] : [line];
}

/** proc(5): the name in field 2 may contain blanks and parentheses, so count from the last one. */
function linuxMark(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X' || startTime === undefined) return undefined;
  // Ticks count from the boot: the same pid may well start at the same tick of the next one.
  const boot = readProc('/proc/sys/kernel/random/boot_id') ?? '';
  return `${boot.slice(0, 8)}-${startTime}`;
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Language and time zone are fixed, so that all processes read the same text for one process. */
function run(command: string, args: string[]): string | undefined {
  const env = process.platform === 'win32' ? undefined : { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' };
  const { stdout, error } = spawnSync(command, args, { encoding: 'utf8', env });
  if (error) throw error;
  return stdout.trim() || undefined;
}
