import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of /proc/PID/stat, which is fixed in Linux. */
const TICKS_PER_SECOND = 100;
/** Index among the fields of /proc/PID/stat after the program's name. */
const PARENT = 1;
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const ENDED_CHILDRENS_USER_TIME = 13;
const ENDED_CHILDRENS_SYSTEM_TIME = 14;

/** CPU seconds of these processes, and of their children that have ended. */
export function cpuSecondsOf(pids) {
  const times = [USER_TIME, SYSTEM_TIME, ENDED_CHILDRENS_USER_TIME, ENDED_CHILDRENS_SYSTEM_TIME];
  const ticks = pids.map((pid) => times.reduce((sum, field) => sum + (statOf(pid)[field] ?? 0), 0));
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

/** CPU seconds of all programs of this machine. */
export function machineCpuSeconds() {
  const [, ...ticks] = read('/proc/stat').split('\n', 1)[0].trim().split(/ +/).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = ticks;
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}

/** Bytes of resident memory; shared memory counts once. */
export function memoryOf(pids) {
  const kilobytes = pids.map((pid) => Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0));
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}

/** Bytes of resident memory of one process, as in `ps`. */
export function residentOf(pid) {
  return Number(/^Rss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

/** A process and its living children. */
export function familyOf(pid) {
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return [pid, ...others.map(Number).filter((other) => statOf(other)[PARENT] === pid)];
}

function statOf(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has just ended.
    return '';
  }
}
