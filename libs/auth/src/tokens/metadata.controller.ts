import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Public } from '#common';
import type { JSONWebKeySet } from 'jose';
import { PERMISSIONS } from '../roles.js';
import { ServiceIdentity } from './service-identity.js';
import { GRANT_TYPES } from './token-request.js';
import type { TokenSigner } from './token-signer.js';
import { CALLER_SIGNER, TOKEN_SIGNER } from './tokens.service.js';

/** The base of the REST interface (protocol.md section 3). */
const AUTH = '/api/v1/auth';
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

class JwksResponse {
  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    description: 'Of `x-ooder-caller`; and of access tokens, unless they are signed with a shared secret',
  })
  keys: JSONWebKeySet['keys'];
}

/** RFC 8414 section 2. */
class MetadataResponse {
  @ApiProperty({ example: 'https://registry.example.com', description: 'The `iss` of all tokens' })
  issuer: string;

  @ApiProperty({ example: 'https://registry.example.com/api/v1/auth/token' })
  token_endpoint: string;

  @ApiProperty({ example: 'https://registry.example.com/api/v1/auth/revoke' })
  revocation_endpoint: string;

  @ApiProperty({ example: 'https://registry.example.com/api/v1/auth/introspect' })
  introspection_endpoint: string;

  @ApiProperty({ example: 'https://registry.example.com/.well-known/jwks.json' })
  jwks_uri: string;

  @ApiProperty({ example: ['skill:read'] })
  scopes_supported: string[];

  @ApiProperty({ example: [], description: 'There is no authorization endpoint' })
  response_types_supported: string[];

  @ApiProperty({ example: GRANT_TYPES })
  grant_types_supported: string[];

  @ApiProperty({ example: CLIENT_AUTHENTICATION })
  token_endpoint_auth_methods_supported: string[];

  @ApiProperty({ example: CLIENT_AUTHENTICATION })
  revocation_endpoint_auth_methods_supported: string[];

  @ApiProperty({ example: CLIENT_AUTHENTICATION })
  introspection_endpoint_auth_methods_supported: string[];
}

/** The public metadata of this authorization server, for clients and resource servers. */
@ApiTags('auth')
@Controller('.well-known')
export class MetadataController {
  constructor(
    @Inject(TOKEN_SIGNER) private readonly signer: TokenSigner,
    @Inject(CALLER_SIGNER) private readonly callerSigner: TokenSigner,
    private readonly identity: ServiceIdentity,
  ) {}

  @Get('jwks.json')
  @Public()
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({
    summary: 'Public keys of the tokens (RFC 7517)',
    description:
      'For services that check tokens and caller assertions themselves. You get the public keys. Tokens that are signed with a shared secret have none.',
    operationId: 'getJwks',
    security: [],
  })
  @ApiResponse({ status: 200, type: JwksResponse, description: 'The current key and previous keys' })
  jwks(): JwksResponse {
    const all = [...this.signer.jwks.keys, ...this.callerSigner.jwks.keys];
    return { keys: [...new Map(all.map((key) => [key.kid, key])).values()] };
  }

  @Get('oauth-authorization-server')
  @Public()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Metadata of the token endpoint (RFC 8414)',
    description: 'For OAuth libraries, which find all other addresses here. You get the endpoints, grants and scopes.',
    operationId: 'getOAuthMetadata',
    security: [],
  })
  @ApiResponse({ status: 200, type: MetadataResponse, description: 'URLs of the endpoints' })
  metadata(): MetadataResponse {
    const { url: base, issuer } = this.identity;
    return {
      issuer,
      token_endpoint: `${base}${AUTH}/token`,
      revocation_endpoint: `${base}${AUTH}/revoke`,
      introspection_endpoint: `${base}${AUTH}/introspect`,
      jwks_uri: `${base}/.well-known/jwks.json`,
      scopes_supported: [...PERMISSIONS],
      response_types_supported: [],
      grant_types_supported: [...GRANT_TYPES],
      token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
      introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    };
  }
}
