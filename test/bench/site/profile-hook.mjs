/*
 * Loaded into the measured service before anything else: writes CPU profiles of the measured time, on request over the
 * channel to its parent. Costs nothing otherwise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { dirname } from 'node:path';

const SAMPLE_EVERY_US = 500;
let session;

process.on('message', (message) => {
  handle(message).then(
    () => process.send({}),
    (error) => process.send({ fault: String(error) }),
  );
});
process.channel?.unref();

async function handle({ profile, file }) {
  if (profile === 'start') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await session.post('Profiler.start');
    return;
  }
  const result = await session.post('Profiler.stop');
  session.disconnect();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(result.profile));
}
