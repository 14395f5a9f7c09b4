import { setTimeout as delay } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isNpmStart, type Settings } from '#config';
import type { ServiceLog } from '#logging';
import { Draining } from './draining.js';

/** Milliseconds for pools and the embedded server to stop: a database that hangs must not delay the end. */
const CLOSE_WITHIN = 5_000;
/** Milliseconds for the last lines of the log: the reader of a pipe may have stopped reading. */
export const FLUSH_WITHIN = 1_000;
/** Milliseconds in which a second signal is ignored: Ctrl-C arrives from the terminal and again through npm. */
const ECHO_MS = 500;
/** Milliseconds between two checks whether npm still runs. */
const CHECK_EVERY = 250;

/**
 * On SIGTERM or SIGINT readiness becomes 503. After APP_DRAIN_DELAY seconds new requests are refused, and requests in flight
 * have APP_SHUTDOWN_TIMEOUT seconds to finish. Then pools and the embedded server stop, and the process ends with 0. A second
 * signal ends it at once; the embedded server then stops by itself.
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

/** npm runs the service in a shell and ends the shell by SIGTERM; most shells (dash) do not forward the signal. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, CHECK_EVERY);
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
