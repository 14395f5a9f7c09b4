import { type ExceptionFilter, type INestApplicationContext, type Type } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  HTTP_CODE_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
  RouteParamtypes,
} from '@nestjs/common/internal';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ANY_CALLER, callerOf, type Permission, requirementOf } from '#auth';
import { CompiledValidator, envelopeTextOf, PUBLIC_ROUTE, type ProtocolMethod } from '#common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

type Method = (...args: unknown[]) => unknown;
/** `UNDECIDED`: the long way has to look at it. */
type Argument = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** As Nest's decorators of parameters leave it, by `type:index`. */
interface ParameterMetadata {
  index: number;
  data?: unknown;
  pipes: unknown[];
  factory?: (data: unknown, context: ExecutionContextHost) => unknown;
}

/** Of parameters, as Nest numbers them. */
const Kind: Record<'RESPONSE' | 'BODY' | 'QUERY' | 'PARAM' | 'HEADERS', number> = {
  RESPONSE: RouteParamtypes.RESPONSE,
  BODY: RouteParamtypes.BODY,
  QUERY: RouteParamtypes.QUERY,
  PARAM: RouteParamtypes.PARAM,
  HEADERS: RouteParamtypes.HEADERS,
};

const UNDECIDED = Symbol('undecided');

/**
 * A short way for routes in the protocol style: what Nest finds out about a method for each request (permission,
 * parameters, answer) is put together once. It serves requests that are right; all others, and methods that are more
 * than that, go Nest's way, and what the method throws is answered by the same filter (docs/adr/0021). To be called
 * before routes are registered.
 */
export function compileRoutes(app: INestApplicationContext, fastify: FastifyInstance, filter: ExceptionFilter): void {
  fastify.addHook('onRoute', (route) => {
    const method = route.config?.protocolMethod;
    const serve = method && compile(app, method, filter);
    if (!serve) return;
    const handler = route.handler as (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => unknown;
    route.handler = function (request, reply) {
      return serve(request, reply) ? undefined : handler.call(this, request, reply);
    };
  });
}

/** Returns false for a request that goes Nest's way. */
type Serve = (request: FastifyRequest, reply: FastifyReply) => boolean;

/** Undefined: the method is more than what is known here. */
function compile(app: INestApplicationContext, method: ProtocolMethod, filter: ExceptionFilter): Serve | undefined {
  const { controller, name } = method;
  const { prototype } = controller as { prototype: Record<string | symbol, Method | undefined> };
  const run = prototype[name];
  const permission = run && permissionOf(controller, run);
  if (!run || !permission || isMore(controller, run)) return undefined;
  const args = argumentsOf(controller, name, run);
  if (!args) return undefined;
  const status = Reflect.getMetadata(HTTP_CODE_METADATA, run) as number;
  const instance: object = app.get(controller, { strict: false });
  const answer = async (values: unknown[], request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    try {
      const data = await run.apply(instance, values);
      void reply.header('content-type', 'application/json; charset=utf-8').send(envelopeTextOf(data));
    } catch (error) {
      filter.catch(error, new ExecutionContextHost([request, reply], controller, run));
    }
  };
  return (request, reply) => {
    if (!callerOf(request)?.may(permission)) return false;
    const values = args(request, reply);
    if (!values) return false;
    // A method may answer with another one.
    void reply.status(status);
    void answer(values, request, reply);
    return true;
  };
}

function permissionOf(controller: Type<object>, run: Method): Permission | undefined {
  const needed = requirementOf(controller, run);
  return needed === PUBLIC_ROUTE || needed === ANY_CALLER ? undefined : needed;
}

/** Whether a method has guards, pipes or interceptors besides the envelope. */
function isMore(controller: Type<object>, run: Method): boolean {
  const own = [GUARDS_METADATA, PIPES_METADATA, INTERCEPTORS_METADATA].flatMap((key) =>
    [controller, run].flatMap((target) => (Reflect.getMetadata(key, target) as unknown[] | undefined) ?? []),
  );
  return own.length > 1;
}

/** Undefined: some parameter is more than what is known here. */
function argumentsOf(
  controller: Type<object>,
  name: string | symbol,
  run: Method,
): ((request: FastifyRequest, reply: FastifyReply) => unknown[] | undefined) | undefined {
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as
    Record<string, ParameterMetadata> | undefined;
  const types = Reflect.getMetadata('design:paramtypes', controller.prototype as object, name) as Type<object>[];
  const found: Argument[] = [];
  for (const [key, parameter] of Object.entries(parameters ?? {})) {
    const argument = key.includes(CUSTOM_ROUTE_ARGS_METADATA)
      ? customArgument(parameter, controller, run)
      : argumentOf(Number.parseInt(key, 10), parameter, types[parameter.index], controller, name);
    if (!argument || parameter.pipes.length > 0) return undefined;
    found[parameter.index] = argument;
  }
  return (request, reply) => {
    const values: unknown[] = [];
    for (const argument of found) {
      const value = argument(request, reply);
      if (value === UNDECIDED) return undefined;
      values.push(value);
    }
    return values;
  };
}

/** What such a decorator throws, it throws again on the long way, which answers it. */
function customArgument(
  { factory, data }: ParameterMetadata,
  controller: Type<object>,
  run: Method,
): Argument | undefined {
  if (!factory) return undefined;
  return (request, reply) => {
    try {
      return factory(data, new ExecutionContextHost([request, reply], controller, run));
    } catch {
      return UNDECIDED;
    }
  };
}

function argumentOf(
  kind: number,
  { data }: ParameterMetadata,
  type: Type<object> | undefined,
  controller: Type<object>,
  name: string | symbol,
): Argument | undefined {
  if (kind === Kind.HEADERS && typeof data === 'string') {
    const header = data.toLowerCase();
    return (request) => request.headers[header];
  }
  if (kind === Kind.RESPONSE) {
    const isPassedThrough = Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name) === true;
    return isPassedThrough ? (_, reply) => reply : undefined;
  }
  const validator = type && data === undefined ? CompiledValidator.of(type) : undefined;
  if (!validator) return undefined;
  const checked = (value: unknown): unknown => validator.acceptSent(value) ?? UNDECIDED;
  if (kind === Kind.BODY) return ({ body }) => checked(body);
  if (kind === Kind.QUERY) return ({ query }) => checked(query);
  if (kind === Kind.PARAM) return ({ params }) => checked(params);
  return undefined;
}
