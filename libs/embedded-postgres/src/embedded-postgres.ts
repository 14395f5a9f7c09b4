import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { keepSecret } from '#config';
import { ensureDatabase } from './application-database.js';
import { removeDrafts } from './cluster-init.js';
import { DataFolderClaim } from './data-folder-claim.js';
import { assertSameVersion } from './data-folder-version.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { DEFAULT_DATABASE, embeddedUrl } from './embedded-url.js';
import { giveCluster, supervisorCommands } from './supervisor-command.js';
import { SupervisorProcess } from './supervisor-process.js';
import { backOff, describeError } from './supervisor-protocol.js';

export interface EmbeddedPostgresOptions {
  /** The folder of the cluster (postgres/), its password and the claim of the process that runs it. */
  dataDir: string;
  /** Called with single lines for people. */
  log: (message: string) => void;
  /** Created if it is missing. */
  database?: string;
}

/**
 * The PostgreSQL that the service starts if there is no DATABASE_URL. It listens on the loopback only, on a free port, and
 * stops when this process ends in any way; committed data stays.
 */
export class EmbeddedPostgres {
  private stopping?: Promise<void>;
  private readonly halt = new AbortController();
  private supervisor?: SupervisorProcess;
  private revival: Promise<void> = Promise.resolve();
  private port?: number;

  private constructor(
    private readonly dataDir: string,
    private readonly log: (message: string) => void,
    private readonly claim: DataFolderClaim,
    private readonly password: string,
    private readonly database: string,
  ) {}

  /**
   * Claims the data folder, creates the cluster at the first start (about 2 s), and starts the server.
   * @throws DataFolderInUseError if another process runs its server there.
   * @throws DataFolderVersionError if another major version of PostgreSQL made the cluster.
   * @throws EmbeddedPostgresError if PostgreSQL cannot run here; the message says what to do.
   */
  static async start({
    dataDir,
    log,
    database = DEFAULT_DATABASE,
  }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const folder = resolve(dataDir);
    const claim = await DataFolderClaim.take(folder);
    let server: EmbeddedPostgres | undefined;
    try {
      await assertSameVersion(folder);
      const password = keepSecret(folder, 'postgres-password', () => randomBytes(24).toString('base64url'));
      server = new EmbeddedPostgres(folder, log, claim, password, database);
      await server.launch();
      await ensureDatabase(server.urlOf('postgres'), database, server.passwordFile);
      return server;
    } catch (error) {
      if (server) await server.stop();
      else claim.release();
      throw error;
    }
  }

  get url(): string {
    return this.urlOf(this.database);
  }

  /** Stops the server, usually in about 100 ms and at most in 30 s, and releases the data folder. */
  stop(): Promise<void> {
    this.stopping ??= this.close();
    return this.stopping;
  }

  private get cluster(): string {
    return join(this.dataDir, 'postgres');
  }

  private get passwordFile(): string {
    return join(this.dataDir, 'postgres-password');
  }

  private urlOf(database: string): string {
    return embeddedUrl({ password: this.password, port: this.port ?? 0, database });
  }

  private async close(): Promise<void> {
    this.halt.abort();
    try {
      await this.supervisor?.close();
      await this.revival;
    } finally {
      this.claim.release();
    }
  }

  /** Starts a supervisor and waits until its server accepts connections. */
  private async launch(): Promise<void> {
    const supervisor = await this.spawnSupervisor();
    this.supervisor = supervisor;
    if (this.halt.signal.aborted) await supervisor.close();
    removeDrafts(this.dataDir);
    if (supervisor.owner) giveCluster(this.cluster, supervisor.owner);
    this.port = await supervisor.begin({ port: this.port });
    supervisor.unref();
    void supervisor.ended.then((why) => {
      if (this.halt.signal.aborted) return;
      this.log(`the PostgreSQL supervisor is gone: ${why}; starting another`);
      this.revival = this.revive();
    });
  }

  /** After the supervisor was killed: a new one stops the rest of the server and starts it again on the same port. */
  private async revive(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        await delay(backOff(failures), undefined, { ref: false, signal: this.halt.signal });
        await this.launch();
        return;
      } catch (error) {
        if (this.halt.signal.aborted) return;
        this.log(`PostgreSQL does not start: ${describeError(error)}`);
      }
    }
  }

  private async spawnSupervisor(): Promise<SupervisorProcess> {
    const reasons: string[] = [];
    for (const command of supervisorCommands(this.cluster, [this.dataDir, this.passwordFile])) {
      try {
        return await SupervisorProcess.spawn(command, this.log);
      } catch (error) {
        reasons.push(describeError(error));
      }
    }
    const advice = process.geteuid?.() === 0 ? 'Run the service as an ordinary user, or set' : 'Set';
    throw new EmbeddedPostgresError(
      `Cannot run the built-in PostgreSQL here (${reasons.join('; ')}). ${advice} DATABASE_URL.`,
    );
  }
}
