import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Every route that Fastify answers, as `GET /path`. */
export function routesOf(app: NestFastifyApplication): string[] {
  const parents: string[] = [];
  return app
    .getHttpAdapter()
    .getInstance()
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([ │]*)[├└]── (\S+) \(([A-Z, ]+)\)$/.exec(line);
      if (!match) return [];
      const [, indent = '', part = '', methods = ''] = match;
      const depth = indent.length / 4;
      const path = (depth === 0 ? '' : (parents[depth - 1] ?? '')) + part;
      parents.splice(depth, parents.length, path);
      return methods.split(', ').map((method) => `${method} ${path}`);
    });
}
