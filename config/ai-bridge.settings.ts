import { registerAs } from '@nestjs/config';
import { IsBoolean, IsInt, Length, Matches, Max, Min } from 'class-validator';
import { EachIs } from './each-is.js';
import { Setting, type SettingFault } from './setting.js';

/** The AI Bridge protocol and the upstream registry (deployment guide 4.5). */
export class AiBridgeSettings {
  @Setting('AI_BRIDGE_PROTOCOL_VERSION', { example: '0.6.0' })
  @Matches(/^\d+\.\d+\.\d+$/, { message: 'must be a version MAJOR.MINOR.PATCH' })
  protocolVersion: string = '0.6.0';

  /** URL of the upstream registry of which this service is a member. Empty: none. Unset in a trial: none either. */
  @Setting('AI_BRIDGE_REGISTRY_URL', { example: 'http://localhost:8080/api/v1/skills/register', emptyIsValue: true })
  @Matches(/^(https?:\/\/\S+)?$/, { message: 'must be an http or https URL, or empty' })
  registryUrl: string = 'http://localhost:8080/api/v1/skills/register';

  /** Allows an http URL on another machine, which gets Skills and credentials in plain text. */
  @Setting('AI_BRIDGE_ALLOW_HTTP', { example: 'false' })
  @IsBoolean({ message: 'must be true or false' })
  allowHttp: boolean = false;

  /** Spaces whose Skills are registered upstream. Skills in no Space always are. */
  @Setting('AI_BRIDGE_MIRROR_SPACES', { example: 'building-7,building-8' })
  @EachIs((item) => /^[A-Za-z0-9._-]{1,64}$/.test(item), 'must be names of Spaces, separated by commas')
  mirrorSpaces: string[] = [];

  /** Credentials for the upstream registry: a client of its token endpoint ... */
  @Setting('AI_BRIDGE_CLIENT_ID', { example: 'ooder-skill-member' })
  @Length(1, 64, { message: 'must have 1 to 64 characters' })
  clientId?: string;

  @Setting('AI_BRIDGE_CLIENT_SECRET', { example: 'the secret of that client' })
  @Length(1, 1024, { message: 'must have 1 to 1024 characters' })
  clientSecret?: string;

  /** ... or a key that is sent as `X-API-Key`. */
  @Setting('AI_BRIDGE_API_KEY', { example: 'a key of the upstream registry' })
  @Matches(/^[\x21-\x7e]{1,1024}$/, { message: 'must be 1 to 1024 printable ASCII characters' })
  apiKey?: string;

  /** Seconds between two heartbeats, of members of this registry and of this service as a member of another. */
  @Setting('AI_BRIDGE_HEARTBEAT_INTERVAL', { example: '30' })
  @IsInt({ message: 'must be a whole number of seconds' })
  @Min(1, { message: 'must not be under 1' })
  @Max(3600, { message: 'must not be over 3600' })
  heartbeatInterval: number = 30;

  /** The URL is unset and this is a development start, so `registryUrl` is not used. */
  isOffByDefault: boolean = false;
}

export const aiBridgeSettings = registerAs('aiBridge', () => new AiBridgeSettings());

/** Host names of this machine. Requests to them do not cross a network. */
const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** An id without a secret, or a secret without an id, would silently send no credentials. */
export function checkUpstream(settings: AiBridgeSettings, faults: SettingFault[]): void {
  checkTransport(settings, faults);
  const { clientId, clientSecret } = settings;
  if ((clientId === undefined) === (clientSecret === undefined)) return;
  faults.push({
    variable: clientId === undefined ? 'AI_BRIDGE_CLIENT_ID' : 'AI_BRIDGE_CLIENT_SECRET',
    problem: 'is needed: AI_BRIDGE_CLIENT_ID and AI_BRIDGE_CLIENT_SECRET go together',
    example: 'those of a client of the upstream registry',
  });
}

function checkTransport({ registryUrl, allowHttp }: AiBridgeSettings, faults: SettingFault[]): void {
  if (allowHttp || !URL.canParse(registryUrl)) return;
  const { protocol, hostname } = new URL(registryUrl);
  if (protocol !== 'http:' || LOOPBACK.test(hostname)) return;
  faults.push({
    variable: 'AI_BRIDGE_REGISTRY_URL',
    problem: 'must be https where it leads to another machine, unless AI_BRIDGE_ALLOW_HTTP is true',
    example: 'https://registry.example.com/api/v1/skills/register',
  });
}
