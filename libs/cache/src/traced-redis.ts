import { traced, type Tracer } from '#tracing';
import type { RedisClientType } from 'redis';

type Method = (...args: unknown[]) => unknown;

/** The commands that begin a list of commands; another call sends the list. */
const MULTI = 'MULTI';

/**
 * A client whose commands have spans if they are a part of a recorded trace: a span has the name of the command, never a key
 * or a value. node-redis has every command also under its name in capitals; this tells commands from other members.
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
      // Private members work only on the client itself, not on the proxy.
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

/** The first word of an error of Redis (`NOSCRIPT`, `WRONGTYPE`); the rest may contain values. */
function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return /^[A-Z]{3,20}(?= |$)/.exec(error.message)?.[0] ?? error.constructor.name;
}
