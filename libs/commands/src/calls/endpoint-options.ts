import { Injectable } from '@nestjs/common';
import { headerValueFault } from '#common';
import { appendQuery, readParameter, SecretUnreadableError, SkillSecrets, urlBelow } from '#skills';
import type { TargetEndpoint } from '../targets/target.js';
import { TryError } from './try-error.js';

/** How an endpoint is called, from its parameters (protocol.md section 6). */
export interface EndpointOptions {
  /**
   * The endpoint's url, `invoke_path` and every `query.KEY`, which can be secret. The path has a default for http; a
   * WebSocket is opened at the url itself.
   */
  url: string;
  /** `method`: PUT, PATCH, or else POST. */
  method: string;
  /** `timeout_ms`, for one try. */
  timeoutMs: number | undefined;
  /** `authorization`, usually a secret: sent as the header of that name. */
  authorization: string | undefined;
  /** `answer` is `raw`: the body of an answer is the result. Otherwise it is an envelope. */
  isRaw: boolean;
  /** `tls_ca`: the only CAs to trust, in PEM. */
  ca: string | undefined;
}

const INVOKE_PATH = '/api/v1/commands/execute';

/** Reads and decrypts the parameters of endpoints. */
@Injectable()
export class EndpointOptionsReader {
  constructor(private readonly secrets: SkillSecrets) {}

  /** @throws TryError if they cannot be decrypted or sent: another endpoint may still serve the call */
  read(endpoint: TargetEndpoint): EndpointOptions {
    const { url, protocol } = endpoint;
    const values = this.reveal(endpoint);
    // Older releases accepted such values at registration.
    if (headerValueFault(values.authorization ?? '') !== undefined) throw unusable('its parameters cannot be sent');
    // Not by the rule for new values: this is how older releases read it.
    const timeout = Number(values.timeout_ms);
    const path = values.invoke_path ?? (protocol === 'http' || protocol === 'https' ? INVOKE_PATH : undefined);
    return {
      url: appendQuery(path === undefined ? url : urlBelow(url, path), values),
      method: readParameter(values, 'method') ?? 'POST',
      timeoutMs: Number.isInteger(timeout) && timeout > 0 ? timeout : undefined,
      authorization: values.authorization,
      isRaw: readParameter(values, 'answer') === 'raw',
      ca: readParameter(values, 'tls_ca'),
    };
  }

  private reveal({ endpointId, parameters }: TargetEndpoint): Record<string, string> {
    try {
      return this.secrets.revealed('endpoint_params', endpointId, parameters);
    } catch (error) {
      if (error instanceof SecretUnreadableError) throw unusable('its secret parameters cannot be decrypted', error);
      throw error;
    }
  }
}

function unusable(message: string, cause?: Error): TryError {
  return new TryError('unreachable', message, false, undefined, { cause });
}
