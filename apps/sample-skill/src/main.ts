import { RegistryRefusal } from './registry-client.js';
import { startSampleSkill } from './sample-skill.js';
import { loadOptions, SettingError } from './settings.js';

const log = (line: string): void => void process.stdout.write(`${line}\n`);

// The Skill goes on if its output cannot be written.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

function fail(error: unknown): never {
  const { code, message, stack } = error as NodeJS.ErrnoException;
  const isExplained = error instanceof SettingError || error instanceof RegistryRefusal || code === 'EADDRINUSE';
  const hint = code === 'EADDRINUSE' ? '; set SAMPLE_SKILL_PORT to another port' : '';
  process.stderr.write(`${isExplained ? message + hint : (stack ?? message)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  let stop = (): void => process.exit(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop();
    });
  }
  const skill = await startSampleSkill({ ...loadOptions(), log });
  let isStopping = false;
  stop = () => {
    // A child process of npm gets Ctrl-C twice.
    if (isStopping) return;
    isStopping = true;
    skill.stop().then(() => process.exit(0), fail);
  };
  log('ready; Ctrl-C unregisters and stops');
  if (!(await skill.ended)) throw new RegistryRefusal('a newer registration has replaced this one: stopped');
}

main().catch(fail);
