import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Settings } from '#config';
import { LifecycleState } from '#health';
import type { ServiceLog } from '#logging';

/**
 * SIGTERM or SIGINT: readiness turns 503, no new work is taken, requests in flight finish within
 * APP_SHUTDOWN_TIMEOUT seconds, then pools and the embedded server stop and the process ends with 0. A second signal
 * ends it at once.
 */
export function stopOnSignals(app: NestFastifyApplication, settings: Settings, log: ServiceLog): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.logger.log(`${signal}: stopping`, 'lifecycle');
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
}

async function shutDown(app: NestFastifyApplication, settings: Settings, log: ServiceLog): Promise<void> {
  app.get(LifecycleState).startDraining();
  const cutOff = setTimeout(() => {
    log.logger.warn('requests still in flight are cut off', 'lifecycle');
    app.getHttpAdapter().getInstance().server.closeAllConnections();
  }, settings.app.shutdownTimeout * 1000);
  await app.close();
  clearTimeout(cutOff);
  log.logger.log('stopped', 'lifecycle');
  await log.close();
}
