import type { Type } from '@nestjs/common';
import { CUSTOM_ROUTE_ARGS_METADATA, RouteParamtypes, ROUTE_ARGS_METADATA } from '@nestjs/common/internal';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getMetadataStorage } from 'class-validator';

/** A class of payloads that a route reads. */
export interface BodyClass {
  /** `Controller.method` */
  route: string;
  /** Object where the route checks its body by itself. */
  type: Type<object>;
}

/** The class of the body, the query and the path of every route, and of the items of batches, found from the routes. */
export function bodyClassesOf(app: NestFastifyApplication): BodyClass[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Type<object>),
  );
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as object;
    return Object.getOwnPropertyNames(prototype).flatMap((method) => {
      const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) as
        Record<string, { index: number; data?: unknown }> | undefined;
      const types = (Reflect.getMetadata('design:paramtypes', prototype, method) ?? []) as Type<object>[];
      return Object.entries(parameters ?? {}).flatMap(([key, { index, data }]) => {
        const isPayload = !key.includes(CUSTOM_ROUTE_ARGS_METADATA) && data === undefined && PAYLOADS.has(kindOf(key));
        const type = types[index];
        if (!isPayload || !type) return [];
        return [type, ...itemsOf(type)].map((each) => ({ route: `${controller.name}.${method}`, type: each }));
      });
    });
  });
}

const PAYLOADS = new Set<number>([RouteParamtypes.BODY, RouteParamtypes.QUERY, RouteParamtypes.PARAM]);

function kindOf(key: string): number {
  return Number.parseInt(key, 10);
}

/** The names of the fields of a class that are checked. */
export function fieldsOf(type: Type<object>): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

/** The classes of the objects in lists, by field, as OpenAPI is told of them. */
export function itemClassesOf(type: Type<object>): Map<string, Type<object>> {
  return new Map(
    fieldsOf(type).flatMap((field): [string, Type<object>][] => {
      const property = Reflect.getMetadata('swagger/apiModelProperties', type.prototype as object, field) as
        { isArray?: boolean; type?: unknown } | undefined;
      if (property?.isArray !== true || typeof property.type !== 'function' || property.type.name !== 'type') return [];
      return [[field, (property.type as () => Type<object>)()]];
    }),
  );
}

function itemsOf(type: Type<object>): Type<object>[] {
  return [...itemClassesOf(type).values()].flatMap((item) => [item, ...itemsOf(item)]);
}
