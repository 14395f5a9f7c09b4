import { type CustomDecorator, SetMetadata } from '@nestjs/common';

/** Metadata key of routes that need no token. */
export const PUBLIC_ROUTE = 'ooder:public';

/** Opens a route, or every route of a controller, to callers without a token: probes, metrics, tokens, keys. */
export function Public(): CustomDecorator {
  return SetMetadata(PUBLIC_ROUTE, true);
}
