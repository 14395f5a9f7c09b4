import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { loadSettings } from '#config';
import { ensureBinary } from '../support/system-package.js';

const ROOT = resolve(import.meta.dirname, '..', '..');
const UNITS = join(ROOT, 'deploy', 'systemd');
const SERVICES = ['ooder-skill.service', 'ooder-skill-backup.service'];
/** Tenths of the points that `systemd-analyze security` gives; measured: 13. What a service has by default is 96. */
const MOST_EXPOSED = 20;

function run(program: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: ROOT });
  return { status, output: stdout + stderr };
}

describe('the installation on a machine', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bare-metal-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(SERVICES)('has a unit that systemd understands, and that leaves the service few rights: %s', (name) => {
    const analyze = ensureBinary(['systemd-analyze'], ['systemd']);
    // Where Node is differs between machines; verify looks whether the programs are there.
    const unit = join(folder, name);
    const text = readFileSync(join(UNITS, name), 'utf8');
    writeFileSync(unit, text.replaceAll('/usr/bin/node', process.execPath).replaceAll('/opt/ooder-skill/', `${ROOT}/`));
    expect(run(analyze, 'verify', '--man=no', unit)).toEqual({ status: 0, output: '' });
    const { status, output } = run(analyze, 'security', '--offline=true', `--threshold=${MOST_EXPOSED}`, unit);
    expect({ status, end: output.trimEnd().split('\n').at(-1) }).toEqual({
      status: 0,
      end: expect.stringContaining('OK') as string,
    });
    const broken = join(folder, 'broken.service');
    writeFileSync(broken, readFileSync(unit, 'utf8').replace('ProtectSystem=', 'ProtectSysten='));
    expect(run(analyze, 'verify', '--man=no', broken).output).toContain('ProtectSysten');
  });

  it('has a timer for the backup, daily at 2 as in the guide', () => {
    const analyze = ensureBinary(['systemd-analyze'], ['systemd']);
    const timer = join(UNITS, 'ooder-skill-backup.timer');
    expect(run(analyze, 'verify', '--man=no', timer).output).not.toMatch(/ooder-skill-backup\.timer:\d+/);
    const [, calendar = ''] = /^OnCalendar=(.+)$/m.exec(readFileSync(timer, 'utf8')) ?? [];
    const { status, output } = run(analyze, 'calendar', '--base-time=2026-01-18 12:00:00', calendar);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('2026-01-19 02:00:00') as string });
  });

  it('rotates the logs without a restart, and keeps errors for longer', () => {
    const logrotate = ensureBinary(['logrotate', '/usr/sbin/logrotate'], ['logrotate']);
    const text = readFileSync(join(ROOT, 'deploy', 'logrotate', 'ooder-skill'), 'utf8');
    expect(text).toContain('--signal=HUP');
    expect(text).not.toContain('restart ooder');
    // logrotate looks the account up, and takes no file that others may write: the test has neither account nor /var/log.
    const logs = join(folder, 'logs');
    mkdirSync(logs, { mode: 0o700 });
    for (const name of ['app.log', 'error.log']) writeFileSync(join(logs, name), 'a line\n');
    const { username, gid } = userInfo();
    const group = /^([^:]+):/m.exec(run('getent', 'group', String(gid)).output)?.[1] ?? username;
    const conf = join(folder, 'logrotate.conf');
    const own = text
      .replaceAll('/var/log/ooder-skill', logs)
      .replaceAll('ooder-skill ooder-skill', `${username} ${group}`);
    writeFileSync(conf, own, { mode: 0o600 });
    const { status, output } = run(logrotate, '-d', '-f', '-s', join(folder, 'state'), conf);
    expect(output).not.toMatch(/error:/i);
    expect(status).toBe(0);
    const rotations = [...output.matchAll(/rotating log .*\/(\w+)\.log, .*\blog->rotateCount is (\d+)/g)];
    expect(rotations.map(([, name, count]) => [name, count])).toEqual([
      ['app', '7'],
      ['error', '30'],
    ]);
    const unit = readFileSync(join(UNITS, 'ooder-skill.service'), 'utf8');
    for (const name of ['app.log', 'error.log']) expect(unit).toContain(`=/var/log/ooder-skill/${name}`);
    writeFileSync(conf, own.replace('daily', 'dayly'), { mode: 0o600 });
    expect(run(logrotate, '-d', conf).output).toMatch(/error:.*dayly/);
  });

  it('has scripts that shellcheck finds nothing in', () => {
    const shellcheck = ensureBinary(['shellcheck'], ['shellcheck', 'ShellCheck']);
    const scripts = ['deploy/install.sh', 'deploy/new-secrets.sh', 'deploy/backup/backup.sh', 'docker/build.sh'];
    expect(run(shellcheck, '--severity=style', ...scripts)).toEqual({ status: 0, output: '' });
  });

  it('makes secrets that production takes', () => {
    const { output } = run('sh', 'deploy/new-secrets.sh');
    const env = { ...parseEnv(output), NODE_ENV: 'production', DATABASE_URL: 'postgresql://a:b@localhost/skill_db' };
    const { security, commands, warnings } = loadSettings(env, join(folder, 'none'));
    expect(warnings).toEqual([]);
    expect(security.encryptionKey).toBeDefined();
    expect(security.callerKey).toBeDefined();
    expect(security.adminClientSecret).toBeDefined();
    expect(commands.callbackSigningSecret).toMatch(/^whsec_/);
  });

  it('says how the installer is used, and changes nothing then', () => {
    expect(run('sh', 'deploy/install.sh', '--help')).toEqual({
      status: 2,
      output: 'usage: install.sh [--root DIR] [--no-start]\n',
    });
  });
});
