import type { ProbesSettings } from '#config';
import type { Health } from './endpoint.entity.js';

export type ProbesInterval = Pick<ProbesSettings, 'interval'>;

/**
 * Health of an endpoint that has sent no heartbeat and was not probed: nobody knows it. Without probes it stays `healthy`,
 * because nothing would ever change it.
 */
export function unheardHealth({ interval }: ProbesInterval): Health {
  return interval > 0 ? 'warning' : 'healthy';
}
