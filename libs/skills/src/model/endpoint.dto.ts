import { OmitType } from '@nestjs/swagger';
import { EnumField, IntegerField } from '#common';
import { type ParameterMap, SecretMapField } from '../secrets/index.js';
import {
  ENDPOINT_PROTOCOLS,
  ENDPOINT_STATUSES,
  type EndpointProtocol,
  type EndpointStatus,
  type Health,
  HEALTHS,
} from './endpoint.entity.js';
import { SendableParameters, UsableParameters } from './endpoint-parameters.decorator.js';
import { TLS_CA_MAX } from './endpoint-parameters.js';
import { AgreesWithUrl, EndpointUrlField } from './skill-fields.decorators.js';

const MAX_WEIGHT = 1_000_000;
const PARAMETER_LIMITS = { maxEntries: 50, scalars: true, longer: { tls_ca: TLS_CA_MAX } };

export class EndpointBody {
  @EndpointUrlField()
  url: string;

  @EnumField(ENDPOINT_PROTOCOLS, {
    name: 'EndpointProtocol',
    required: false,
    example: 'http',
    description: "The url's scheme by default",
  })
  @AgreesWithUrl()
  protocol?: EndpointProtocol;

  @IntegerField({
    min: 1,
    max: MAX_WEIGHT,
    required: false,
    example: 1,
    description: 'Share of the calls, 1 by default',
  })
  weight?: number;

  @EnumField(ENDPOINT_STATUSES, { name: 'EndpointStatus', required: false, example: 'active' })
  status?: EndpointStatus;

  @EnumField(HEALTHS, {
    name: 'Health',
    required: false,
    example: 'healthy',
    description: 'Health until a heartbeat or a probe says otherwise',
  })
  health?: Health;

  @SecretMapField({ ...PARAMETER_LIMITS, example: { health_path: '/health', timeout_ms: 5000 } })
  @UsableParameters()
  parameters?: ParameterMap;
}

/** An endpoint as an older release may have stored it. */
export class StoredEndpointBody extends OmitType(EndpointBody, ['parameters'] as const) {
  @SecretMapField(PARAMETER_LIMITS)
  @SendableParameters()
  parameters?: ParameterMap;
}
