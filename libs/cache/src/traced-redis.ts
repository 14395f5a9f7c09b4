import { traced, type Tracer } from '#tracing';
import type { RedisClientType } from 'redis';

type Method = (...args: unknown[]) => unknown;

/** It begins a list of commands, which is sent by another call. */
const MULTI = 'MULTI';

/**
 * The client, whose commands are spans where they are a part of something that is recorded: the name of the command,
 * and never a key or a value. node-redis has every command also by its name in capitals, which tells them from the rest.
 */
export function tracedRedis(client: RedisClientType, tracer: Tracer): RedisClientType {
  const { socket, database = 0 } = client.options ?? {};
  const server = {
    'db.system.name': 'redis',
    'db.namespace': String(database),
    ...(socket && 'host' in socket && { 'server.address': socket.host, 'server.port': socket.port }),
  };
  return new Proxy(client, {
    get: (target, property): unknown => {
      // Its private parts know the client, and not what stands in for it.
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as Method;
      const name = String(property).toUpperCase();
      if (typeof property === 'symbol' || name === MULTI || !(name in target)) return method;
      return (...args: unknown[]) => {
        const span = tracer.part(name, { ...server, 'db.operation.name': name });
        return span ? traced(span, () => method(...args) as Promise<unknown>, { faultOf }) : method(...args);
      };
    },
  });
}

/** The first word of what Redis answers (`NOSCRIPT`, `WRONGTYPE`); the rest may hold values. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return /^[A-Z]{3,20}(?= |$)/.exec(error.message)?.[0] ?? error.constructor.name;
}
