import { ChildWorker } from '../site/child-worker.mjs';
import { placement } from '../site/placement.mjs';

/** A bare Fastify server on the core of the service, for one comparison. Each `url` begins with a slash. */
export async function withBareFastify(routes, work) {
  const worker = new ChildWorker('baseline/bare-fastify-worker.mjs', placement.server);
  try {
    return await work(await worker.ask('listen', { routes }));
  } finally {
    await worker.stop();
  }
}
