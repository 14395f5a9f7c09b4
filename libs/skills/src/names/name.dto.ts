import { ApiProperty } from '@nestjs/swagger';
import { Nfc, TextField, TextListField } from '#common';

/** Clients that one name may be shared with. */
const MAX_SHARED = 100;
/** Those of an identity provider are `oidc:<sub>`. */
const CLIENT_ID_MAX = 255;

export class NameParam {
  @TextField({ max: 255, example: 'weather', description: 'Name of Skills, percent-encoded' })
  @Nfc()
  name: string;
}

export class TransferNameBody {
  @TextField({ max: CLIENT_ID_MAX, example: 'weather-team', description: 'The new owner' })
  client_id: string;
}

export class ShareNameBody {
  @TextListField({
    maxItems: MAX_SHARED,
    max: CLIENT_ID_MAX,
    example: ['traffic-team'],
    description: 'All who may register Skills of this name beside its owner; none: an empty list',
  })
  client_ids: string[];
}

export class NameResponse {
  @ApiProperty({ example: 'weather-skill' })
  name: string;

  @ApiProperty({ example: 'weather-team', description: 'The client that may register Skills of this name' })
  owner: string;

  @ApiProperty({
    type: String,
    isArray: true,
    example: ['traffic-team'],
    description: 'Clients that may do so as well; who has no part in the name sees those whose Skills it may see',
  })
  shared_with: string[];
}
