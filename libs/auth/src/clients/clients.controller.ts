import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiErrors, ListRoute, type Page, SkipQuery } from '#common';
import { Authenticated } from '../authenticated.decorator.js';
import { type Caller, CurrentCaller } from '../caller.js';
import { ClientChangesService } from './client-changes.service.js';
import {
  AnyClientIdParam,
  ClientCreatedResponse,
  ClientIdParam,
  ClientResponse,
  ClientSecretResponse,
  CreateClientBody,
  PatchClientBody,
  RotateSecretBody,
} from './client.dto.js';
import { ClientsService } from './clients.service.js';
import { OidcCallersService } from '../oidc/oidc-callers.service.js';

@ApiTags('clients')
@Controller('auth/clients')
export class ClientsController {
  constructor(
    private readonly clients: ClientsService,
    private readonly changes: ClientChangesService,
    private readonly oidc: OidcCallersService,
  ) {}

  @Post()
  @Authenticated('client:manage')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Create a client',
    description: 'For each team or program that uses the registry. You get its secret, once: only a hash is stored.',
    operationId: 'createClient',
  })
  @ApiResponse({ status: 201, type: ClientCreatedResponse, description: 'Created. The secret is shown only once' })
  @ApiErrors(1001, 1006)
  create(@CurrentCaller() caller: Caller, @Body() body: CreateClientBody): Promise<ClientCreatedResponse> {
    return this.changes.create(caller, body);
  }

  @Get()
  @Authenticated('client:manage')
  @ListRoute(ClientResponse)
  @ApiOperation({
    summary: 'List the clients, oldest first',
    description: 'To review who has access. You get the clients page by page, without secrets.',
    operationId: 'listClients',
  })
  @ApiErrors(1001)
  list(@CurrentCaller() caller: Caller, @Query() query: SkipQuery): Promise<Page<ClientResponse>> {
    return this.clients.list(caller, query);
  }

  @Get(':client_id')
  @Authenticated('client:manage')
  @ApiOperation({
    summary: 'Read a client',
    description: 'To see the role, the Spaces and the state of one client. You get it without its secret.',
    operationId: 'getClient',
  })
  @ApiResponse({ status: 200, type: ClientResponse, description: 'The client' })
  @ApiErrors(1001, 1010)
  get(@CurrentCaller() caller: Caller, @Param() { client_id }: AnyClientIdParam): Promise<ClientResponse> {
    return (this.oidc.isOne(client_id) ? this.oidc : this.clients).get(caller, client_id);
  }

  @Patch(':client_id')
  @Authenticated('client:manage')
  @ApiOperation({
    summary: 'Change, disable or enable a client',
    description:
      'To rename a client, to change its role or its Spaces, or to stop it. You get the client as it is now. If the client is disabled, or its role or Spaces change, its present tokens become invalid within a second. For a caller of the identity provider (`oidc:` and its `sub`, percent-encoded) only `disabled` can change, even before its first request.',
    operationId: 'patchClient',
  })
  @ApiResponse({ status: 200, type: ClientResponse, description: 'The client as it is now' })
  @ApiErrors(1001, 1006, 1010)
  patch(
    @CurrentCaller() caller: Caller,
    @Param() { client_id }: AnyClientIdParam,
    @Body() body: PatchClientBody,
  ): Promise<ClientResponse> {
    return (this.oidc.isOne(client_id) ? this.oidc : this.changes).update(caller, client_id, body);
  }

  @Post(':client_id/rotate-secret')
  @Authenticated('client:manage')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Give a client a new secret',
    description:
      'When a secret is old or may have leaked. You get the new one, once. With `overlap` both are valid for that time.',
    operationId: 'rotateClientSecret',
  })
  @ApiBody({ type: RotateSecretBody, required: false })
  @ApiResponse({ status: 200, type: ClientSecretResponse, description: 'The new secret. It is shown only once' })
  @ApiErrors(1001, 1006, 1010)
  rotateSecret(
    @CurrentCaller() caller: Caller,
    @Param() { client_id }: ClientIdParam,
    @Body() body?: RotateSecretBody,
  ): Promise<ClientSecretResponse> {
    return this.changes.rotateSecret(caller, client_id, body ?? {});
  }

  @Delete(':client_id')
  @Authenticated('client:manage')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a client, its keys and its sessions',
    description:
      'When a team or a program is gone for good. You get an empty answer. Its Skills stay. They belong to the next client with the same id.',
    operationId: 'deleteClient',
  })
  @ApiResponse({ status: 204, description: 'Deleted' })
  @ApiErrors(1001, 1006, 1010)
  remove(@CurrentCaller() caller: Caller, @Param() { client_id }: ClientIdParam): Promise<void> {
    return this.changes.remove(caller, client_id);
  }
}
