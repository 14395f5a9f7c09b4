import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiErrors, SkipQuery } from '#common';
import { Authenticated } from './authenticated.decorator.js';
import { ClientCreatedResponse, ClientResponse, CreateClientBody } from './client.dto.js';
import { ClientsService } from './clients.service.js';

@ApiTags('auth')
@Controller('auth/clients')
export class ClientsController {
  constructor(private readonly clients: ClientsService) {}

  @Post()
  @Authenticated('client:manage')
  @ApiOperation({ summary: 'Create a client', operationId: 'createClient' })
  @ApiResponse({ status: 201, type: ClientCreatedResponse, description: 'Created; the secret is shown this once' })
  @ApiErrors(1001, 1006)
  create(@Body() body: CreateClientBody): Promise<ClientCreatedResponse> {
    return this.clients.create(body);
  }

  @Get()
  @Authenticated('client:manage')
  @ApiOperation({ summary: 'List the clients', operationId: 'listClients' })
  @ApiResponse({ status: 200, type: [ClientResponse], description: 'Clients, oldest first' })
  @ApiErrors(1001)
  list(@Query() query: SkipQuery): Promise<ClientResponse[]> {
    return this.clients.list(query);
  }
}
