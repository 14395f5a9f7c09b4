import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { modeOf, startSystemPostgres, type SystemPostgres } from '../support/system-postgres.js';
import { skillBody } from '../support/skill.factory.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { databaseAt, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const SCRIPT = resolve(import.meta.dirname, '..', '..', 'deploy', 'backup', 'backup.sh');
const DUMP = /^skill_db_backup_\d{8}_\d{6}\.dump$/;

interface Result {
  status: number | null;
  output: string;
}

describe('deploy/backup/backup.sh', () => {
  let server: SystemPostgres;
  let database: TestDatabase;
  let folder: string;
  let app: TestApp | undefined;

  beforeAll(async () => {
    server = await startSystemPostgres();
    database = await newDatabase('skill_db');
    app = await startTestApp({ database });
    await register(...Array.from({ length: 40 }, () => skillBody({ description: "ü 天气 \\ ' \t" })));
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await database.drop();
    await server.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backup-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function newDatabase(name: string): Promise<TestDatabase> {
    await onServer(`CREATE DATABASE ${name}`);
    return databaseAt(server.url.replace(/postgres$/, name), () => onServer(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  async function onServer<T extends object>(text: string): Promise<T[]> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      return (await client.query<T>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async function register(...skills: object[]): Promise<void> {
    if (!app) throw new Error('the service was stopped');
    await app.http.post('/api/v1/skills/batch').auth(app.admin, { type: 'bearer' }).send({ skills }).expect(200);
  }

  const environment = (env: Record<string, string> = {}) => ({
    PATH: `${join(folder, 'bin')}:${server.bin}:${process.env.PATH ?? ''}`,
    DATABASE_URL: database.url,
    BACKUP_DIR: join(folder, 'backups'),
    ...env,
  });

  function run(args: string[], env?: Record<string, string>): Result {
    const { status, stdout, stderr } = spawnSync('bash', [SCRIPT, ...args], {
      cwd: folder,
      env: environment(env),
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  }

  /** Takes the place of a program; `$REAL` is that program. */
  function shim(program: string, script: string): void {
    mkdirSync(join(folder, 'bin'), { recursive: true });
    const text = `#!/bin/bash\nREAL=${join(server.bin, program)}\n${script}\n`;
    writeFileSync(join(folder, 'bin', program), text, { mode: 0o755 });
  }

  const dumps = () => readdirSync(join(folder, 'backups')).filter((name) => DUMP.test(name));

  function backup(...args: string[]): string {
    const { status, output } = run(['backup', ...args]);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('backed up skill_db') as string });
    return join(folder, 'backups', dumps().at(-1) ?? '');
  }

  const scratches = () => onServer(`SELECT datname FROM pg_database WHERE datname LIKE 'ooder_verify_%'`);

  it('takes what one moment has under writes, and proves it', async () => {
    // Between the snapshot and the dump: every kind of write. And what anybody can see of the arguments.
    const writes = `DELETE FROM skills WHERE id = (SELECT min(id::text)::uuid FROM skills);
      UPDATE skills SET description = 'changed meanwhile';
      INSERT INTO skills (id, name, version, owner) VALUES (gen_random_uuid(), 'added meanwhile', '1.0.0', 'x')`;
    writeFileSync(join(folder, 'writes.sql'), writes);
    shim(
      'pg_dump',
      `[ "$1" = --version ] || { printf '%s\\n' "$@" >${folder}/arguments; psql -qX -d "\${@: -1}" -f ${folder}/writes.sql; }
      exec "$REAL" "$@"`,
    );
    const skills = (await database.query('SELECT FROM skills')).length;
    const dump = backup('--verify');
    const manifest = readFileSync(dump.replace('.dump', '.manifest'), 'utf8');
    expect(manifest).toMatch(new RegExp(`^table\tpublic\\.skills\t${skills}\t`, 'm'));
    expect(manifest).toMatch(/^sequence\tpublic\.skill_generation\t\d+$/m);
    const changed = await database.query(`SELECT FROM skills WHERE description = 'changed meanwhile'`);
    expect(changed).toHaveLength(skills - 1);

    const argumentsOfDump = readFileSync(join(folder, 'arguments'), 'utf8');
    const { password } = new URL(database.url);
    expect(argumentsOfDump).toContain('postgresql://tester@127.0.0.1');
    for (const form of [password, decodeURIComponent(password)]) expect(argumentsOfDump).not.toContain(form);
    const names = readdirSync(join(folder, 'backups')).filter((name) => name !== '.lock');
    expect(names).toHaveLength(3);
    for (const name of names) expect(modeOf(join(folder, 'backups', name))).toBe('600');
    expect(modeOf(join(folder, 'backups'))).toBe('700');
    expect(await scratches()).toEqual([]);
  });

  it('finds a damaged file, and rows that differ from the ones backed up', async () => {
    const dump = backup();
    const good = readFileSync(dump);
    const bad = Buffer.from(good);
    const middle = Math.floor(bad.length / 2);
    bad.writeUInt8(bad.readUInt8(middle) ^ 1, middle);
    writeFileSync(dump, bad);
    expect(run(['verify'])).toEqual({ status: 5, output: expect.stringContaining('it is damaged') as string });
    writeFileSync(dump, good.subarray(0, good.length / 2));
    expect(run(['verify', dump]).status).toBe(5);
    writeFileSync(dump, good);
    expect(run(['verify'])).toEqual({ status: 0, output: expect.stringContaining('all as they were') as string });

    // A manifest of other rows, with a checksum that fits: only looking at the rows themselves tells.
    const manifest = dump.replace('.dump', '.manifest');
    const text = readFileSync(manifest, 'utf8');
    for (const altered of [
      text.replace(/^(table\tpublic\.clients\t.*)$/m, '$11'),
      text.replace(/^table\tpublic\.capabilities\t.*\n/m, ''),
      text.replace(/^(sequence\t\S+\t)\d+/m, '$19999999'),
      `${text}table\tpublic.gone\t0\t0\t0\n`,
    ]) {
      expect(altered).not.toBe(text);
      writeFileSync(manifest, altered);
      spawnSync('sh', ['-c', 'sha256sum *.dump *.manifest > "$(echo *.sha256)"'], { cwd: join(folder, 'backups') });
      expect(run(['verify'])).toEqual({
        status: 5,
        output: expect.stringMatching(/public\.\w+: it is not as it was backed up/) as string,
      });
    }
    expect(await scratches()).toEqual([]);
    rmSync(manifest);
    expect(run(['verify']).status).toBe(5);
  });

  it('lets nothing that is not whole look like a backup', () => {
    shim('pg_dump', `[ "$1" = --version ] && exec "$REAL" "$@"; "$REAL" "$@"; echo the disk is full >&2; exit 1`);
    expect(run(['backup'])).toEqual({ status: 1, output: expect.stringContaining('the disk is full') as string });
    shim('psql', `[[ "$*" == *-F* ]] || exec "$REAL" "$@"; head -n 2 | "$REAL" "$@"`);
    expect(run(['backup']).status).not.toBe(0);
    expect(readdirSync(join(folder, 'backups'))).toEqual(['.lock']);
    rmSync(join(folder, 'bin'), { recursive: true });

    // What pg_dump wrote otherwise than it was asked to is found, and thrown away.
    shim('pg_dump', `[ "$1" = --version ] || set -- "$@" --exclude-table-data=skill_events; exec "$REAL" "$@"`);
    expect(run(['backup', '--verify'])).toEqual({
      status: 5,
      output: expect.stringContaining('public.skill_events: it is not as it was') as string,
    });
    expect(readdirSync(join(folder, 'backups'))).toEqual(['.lock']);
  });

  it('deletes by age and by number, only its own, and never the newest', () => {
    const backups = join(folder, 'backups');
    mkdirSync(backups);
    const daysAgo = (days: number) =>
      new Date(Date.now() - days * 86_400_000)
        .toISOString()
        .replace(/\D/g, '')
        .replace(/^(\d{8})(\d{6}).*/, '$1_$2');
    const nameOf = (days: number) => `skill_db_backup_${daysAgo(days)}`;
    const made = [1, 2, 3, 6.9, 7.1, 30].map(nameOf);
    for (const name of made)
      for (const part of ['dump', 'manifest', 'sha256']) writeFileSync(join(backups, `${name}.${part}`), '');
    writeFileSync(join(backups, 'by-hand.dump'), '');
    const left = () => readdirSync(backups).filter((name) => name.includes('_backup_')).length / 3;
    backup();
    expect(left()).toBe(5);
    expect(run(['backup'], { BACKUP_KEEP_MAX: '3' }).status).toBe(0);
    expect(left()).toBe(3);
    expect(readdirSync(backups)).toContain('by-hand.dump');
    expect(made.filter((name) => dumps().includes(`${name}.dump`))).toEqual(made.slice(0, 1));
  });

  it('runs once at a time, and leaves no scratch database when it is stopped', async () => {
    backup();
    shim('pg_restore', 'touch restoring; sleep 30');
    const child = spawn('bash', [SCRIPT, 'verify'], { cwd: folder, env: environment(), detached: true });
    const ended = new Promise((done) => child.once('exit', done));
    await until(() => readdirSync(folder).includes('restoring'));
    expect(await scratches()).toHaveLength(1);
    expect(run(['backup'])).toEqual({ status: 3, output: expect.stringContaining('is running') as string });
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    expect(await ended).toBe(143);
    expect(await scratches()).toEqual([]);
  });

  it('says what is wrong', () => {
    expect(run([]).status).toBe(2);
    expect(run(['backup', 'somewhere']).status).toBe(2);
    expect(run(['restore']).status).toBe(2);
    expect(run(['verify'], { DATABASE_URL: '' })).toEqual({
      status: 2,
      output: expect.stringContaining('DATABASE_URL is not set') as string,
    });
    const wrong = { BACKUP_KEEP_DAYS: '0', BACKUP_KEEP_MAX: 'x', DATABASE_URL: 'mysql://a/b' };
    for (const [name, value] of Object.entries(wrong)) expect(run(['backup'], { [name]: value }).status).toBe(2);
    const away = run(['backup'], { DATABASE_URL: 'postgresql://joe:hunter2@127.0.0.1:1/skills' });
    expect(away.status).not.toBe(0);
    expect(away.output).not.toContain('hunter2');
    shim('pg_dump', 'echo "pg_dump (PostgreSQL) 9.6.24"');
    expect(run(['backup'])).toEqual({ status: 1, output: expect.stringMatching(/pg_dump 9 cannot read/) as string });
  });

  it('reads the settings from a file, as the service does', () => {
    const file = join(folder, 'settings');
    const place = join(folder, 'named in the file');
    writeFileSync(
      file,
      `# a comment\nREDIS_URL=$(touch run)\nDATABASE_URL = "${database.url}" # ours\nBACKUP_DIR='${place}'\n`,
    );
    const bare = { PATH: environment().PATH };
    const { status, stderr } = spawnSync('bash', [SCRIPT, '--env-file', file, 'backup'], {
      cwd: folder,
      env: bare,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readdirSync(place).some((name) => DUMP.test(name))).toBe(true);
    expect(readdirSync(folder)).not.toContain('run');
  });

  it('restores into an empty database, and over another only when it is told to and nobody uses that', async () => {
    const answerOf = async ({ http, admin }: TestApp) => {
      const { body } = await http.get('/api/v1/skills/?limit=1000').auth(admin, { type: 'bearer' }).expect(200);
      return body as unknown;
    };
    if (!app) throw new Error('the service was stopped');
    const before = await answerOf(app);
    const dump = backup();
    const other = await newDatabase('other_db');
    try {
      const env = { DATABASE_URL: other.url };
      expect(run(['restore', dump], env)).toEqual({
        status: 0,
        output: expect.stringContaining('all as they were') as string,
      });
      const restored = await startTestApp({ database: other });
      expect(await answerOf(restored)).toEqual(before);
      // It is at work: registrations go on where they were.
      await restored.http
        .post('/api/v1/skills/')
        .auth(restored.admin, { type: 'bearer' })
        .send(skillBody())
        .expect(201);
      for (const args of [
        ['restore', dump],
        ['restore', '--overwrite', dump],
      ])
        expect(run(args, env)).toEqual({ status: 4, output: expect.stringMatching(/nothing was changed/i) as string });
      await restored.close();
      await other.query('CREATE SCHEMA more CREATE TABLE things (id integer)');
      expect(run(['restore', dump], env).status).toBe(4);

      // One that cannot be restored as a whole changes nothing.
      const count = () => other.query('SELECT FROM skills');
      const present = (await count()).length;
      shim(
        'pg_restore',
        `"$REAL" "$@"; for last; do :; done; echo 'SELECT 1/0;' >>"$(sed 's/.*--file=\\([^ ]*\\).*/\\1/' <<<"$*")"`,
      );
      expect(run(['restore', dump, '--overwrite'], env).status).not.toBe(0);
      expect(await count()).toHaveLength(present);
      rmSync(join(folder, 'bin'), { recursive: true });

      expect(run(['restore', dump, '--overwrite'], env).status).toBe(0);
      expect(await count()).toHaveLength((before as unknown[]).length);
      expect(await other.query(`SELECT FROM pg_namespace WHERE nspname = 'more'`)).toEqual([]);
      copyFileSync(dump, join(folder, 'alone.dump'));
      expect(run(['restore', join(folder, 'alone.dump'), '--overwrite'], env).status).toBe(5);
    } finally {
      await other.drop();
    }
  }, 60_000);
});
