import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { until } from './until.js';

const EXAMPLES = resolve(import.meta.dirname, '..', '..', 'docs', 'examples');
const WITHIN_MS = 15_000;

/** A Python that the template supports, or undefined, and then says loudly that it is not tested. */
export function findPython(): string | undefined {
  const program = ['python3', 'python'].find(
    (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
  );
  if (program === undefined) {
    process.stderr.write(
      '\n*** NOT TESTED: docs/examples/first_skill.py, because there is no Python 3.9 or newer here ***\n\n',
    );
  }
  return program;
}

/** A template of docs/examples as a process of its own, at a free port. */
export class TemplateSkill {
  private static readonly started = new Set<ChildProcess>();
  /** Standard output and standard error, as they came. */
  output = '';
  /** The exit code. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(program: string, file: string, env: Record<string, string>) {
    this.child = spawn(program, [join(EXAMPLES, file)], {
      env: { PATH: process.env.PATH, SKILL_PORT: '0', PYTHONDONTWRITEBYTECODE: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
    TemplateSkill.started.add(this.child);
  }

  /** Waits until it has registered so often. */
  async registered(times = 1): Promise<{ skill_id: string; url: string }> {
    const find = (): RegExpExecArray[] => [...this.output.matchAll(/^registered (\S+) at (\S+), generation \d+$/gm)];
    await until(
      () => find().length >= times,
      WITHIN_MS,
      () => this.output,
    );
    const [, skill_id = '', url = ''] = find().at(-1) ?? [];
    return { skill_id, url };
  }

  stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** Ends those that a failed test has left. */
  static endAll(): void {
    for (const child of this.started) child.kill('SIGKILL');
    this.started.clear();
  }
}
