import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiErrors } from '#common';
import {
  ApiKeyCreatedResponse,
  ApiKeyParam,
  ApiKeyResponse,
  CreateApiKeyBody,
  PatchApiKeyBody,
  RotateApiKeyBody,
} from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';
import { Authenticated } from '../authenticated.decorator.js';
import { type Caller, CurrentCaller } from '../caller.js';
import { ClientIdParam } from '../clients/client.dto.js';

@ApiTags('clients')
@Controller('auth/clients/:client_id/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @Authenticated('client:manage')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Make an API key of a client',
    description:
      'For programs that cannot ask for tokens. You get the key for the header X-API-Key, once: only a hash is stored.',
    operationId: 'createApiKey',
  })
  @ApiResponse({ status: 201, type: ApiKeyCreatedResponse, description: 'Created. The key is shown only once' })
  @ApiErrors(1001, 1006, 1010)
  create(
    @CurrentCaller() caller: Caller,
    @Param() { client_id }: ClientIdParam,
    @Body() body: CreateApiKeyBody,
  ): Promise<ApiKeyCreatedResponse> {
    return this.keys.create(caller, client_id, body);
  }

  @Get()
  @Authenticated('client:manage')
  @ApiOperation({
    summary: 'List the API keys of a client',
    description:
      'To review the keys of a client. You get their names, scopes and last use, without the keys themselves.',
    operationId: 'listApiKeys',
  })
  @ApiResponse({ status: 200, type: [ApiKeyResponse], description: 'All of them (at most 100), oldest first' })
  @ApiErrors(1001, 1010)
  list(@CurrentCaller() caller: Caller, @Param() { client_id }: ClientIdParam): Promise<ApiKeyResponse[]> {
    return this.keys.list(caller, client_id);
  }

  @Get(':key_id')
  @Authenticated('client:manage')
  @ApiOperation({
    summary: 'Read an API key',
    description: 'To see the scopes, the expiry and the last use of one key. You get it without the key itself.',
    operationId: 'getApiKey',
  })
  @ApiResponse({ status: 200, type: ApiKeyResponse, description: 'Everything except the key itself' })
  @ApiErrors(1001, 1010)
  get(@CurrentCaller() caller: Caller, @Param() { client_id, key_id }: ApiKeyParam): Promise<ApiKeyResponse> {
    return this.keys.get(caller, client_id, key_id);
  }

  @Patch(':key_id')
  @Authenticated('client:manage')
  @ApiOperation({
    summary: 'Rename, disable or enable an API key',
    description:
      'To rename a key, or to stop it for a time. You get the key as it is now. It stops within a second on every replica.',
    operationId: 'patchApiKey',
  })
  @ApiResponse({ status: 200, type: ApiKeyResponse, description: 'The key as it is now' })
  @ApiErrors(1001, 1010)
  patch(
    @CurrentCaller() caller: Caller,
    @Param() { client_id, key_id }: ApiKeyParam,
    @Body() body: PatchApiKeyBody,
  ): Promise<ApiKeyResponse> {
    return this.keys.update(caller, client_id, key_id, body);
  }

  @Post(':key_id/rotate')
  @Authenticated('client:manage')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Replace an API key with a new one',
    description:
      'When a key is old or may have leaked. You get the new key, once. The new key has the same name, scopes and lifetime as the old one.',
    operationId: 'rotateApiKey',
  })
  @ApiBody({ type: RotateApiKeyBody, required: false })
  @ApiResponse({ status: 201, type: ApiKeyCreatedResponse, description: 'Created. The key is shown only once' })
  @ApiErrors(1001, 1006, 1010)
  rotate(
    @CurrentCaller() caller: Caller,
    @Param() { client_id, key_id }: ApiKeyParam,
    @Body() body?: RotateApiKeyBody,
  ): Promise<ApiKeyCreatedResponse> {
    return this.keys.rotate(caller, client_id, key_id, body ?? {});
  }

  @Delete(':key_id')
  @Authenticated('client:manage')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete an API key',
    description:
      'When a key is not needed any more, or has leaked. You get an empty answer. It stops within a second on every replica.',
    operationId: 'deleteApiKey',
  })
  @ApiResponse({ status: 204, description: 'Deleted' })
  @ApiErrors(1001, 1010)
  remove(@CurrentCaller() caller: Caller, @Param() { client_id, key_id }: ApiKeyParam): Promise<void> {
    return this.keys.remove(caller, client_id, key_id);
  }
}
