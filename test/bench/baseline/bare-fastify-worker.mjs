/* The baseline: only Fastify. Its routes answer with the bytes, or the object, that they were given. */
import Fastify from 'fastify';
import { serve } from '../site/worker-operations.mjs';

serve({
  async listen({ routes }) {
    const app = Fastify();
    for (const { method, url, text, object } of routes) {
      app.route({
        method,
        url,
        // Like the service: a POST parses its body and serialises its answer.
        handler:
          text === undefined ? () => object : (_, reply) => reply.type('application/json; charset=utf-8').send(text),
      });
    }
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: app.server.address().port };
  },
});
