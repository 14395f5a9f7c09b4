import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isNpmStart, type Settings } from '#config';
import type { ServiceLog } from '#logging';
import { Draining } from './draining.js';

/** Milliseconds for pools and the embedded server to stop: a database that hangs must not hold up the end. */
const CLOSE_WITHIN = 5_000;
/** Milliseconds for the last lines of the log; the reader of a pipe may stand still. */
export const FLUSH_WITHIN = 1_000;
/** Milliseconds within which a second signal is an echo: Ctrl-C reaches us from the terminal and again through npm. */
const ECHO_MS = 500;
/** Milliseconds between two looks whether npm is still there. */
const LOOK_EVERY = 250;

/**
 * SIGTERM or SIGINT: readiness turns 503, after APP_DRAIN_DELAY seconds no new work is taken, requests in flight finish
 * within APP_SHUTDOWN_TIMEOUT seconds, then pools and the embedded server stop and the process ends with 0. A second signal
 * ends it at once; the embedded server then stops by itself.
 */
export function stopOnSignals(app: NestFastifyApplication, settings: Settings, log: ServiceLog): void {
  let stoppingSince: number | undefined;
  const stop = (why: string): void => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince > ECHO_MS) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    log.logger.log(`${why}: stopping`, 'lifecycle');
    shutDown(app, settings, log).then(
      () => process.exit(0),
      (error: unknown) => {
        log.logger.fatal(error, 'lifecycle');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (isNpmStart()) {
    stopWithParent(() => {
      if (stoppingSince === undefined) stop('npm is gone');
    });
  }
}

/** npm runs us in a shell, and ends that by SIGTERM; most shells (dash) then end without a word to us. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, LOOK_EVERY);
  timer.unref();
}

async function shutDown(app: NestFastifyApplication, settings: Settings, log: ServiceLog): Promise<void> {
  const { drainDelay, shutdownTimeout } = settings.app;
  if (!(await app.get(Draining).finish({ notice: drainDelay * 1000, timeout: shutdownTimeout * 1000 }))) {
    log.logger.warn('requests still in flight are cut off', 'lifecycle');
  }
  const late = 'late';
  const closed = await Promise.race([app.close(), delay(CLOSE_WITHIN, late)]);
  if (closed === late) log.logger.warn('the database does not let go in time: ending without it', 'lifecycle');
  else log.logger.log('stopped', 'lifecycle');
  await Promise.race([log.close(), delay(FLUSH_WITHIN)]);
}
