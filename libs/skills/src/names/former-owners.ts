import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ClientBelongings } from '#auth';

/** $1: the id of a client; $2: Spaces. A name without a Skill in these Spaces counts as outside of them. */
const BEYOND = `SELECT EXISTS (SELECT FROM skills s WHERE s.owner = $1 AND (s.space_id = ANY($2::text[])) IS NOT TRUE)
  OR EXISTS (SELECT FROM (SELECT name FROM skill_names WHERE owner = $1
      UNION ALL SELECT name FROM skill_name_shares WHERE client_id = $1) n
    WHERE NOT EXISTS (SELECT FROM skills s WHERE s.name = n.name AND s.space_id = ANY($2))) AS beyond`;

/** The next client with the id of a deleted client gets its Skills and names. Finds those outside of given Spaces. */
@Injectable()
export class FormerOwners implements OnModuleInit {
  constructor(private readonly belongings: ClientBelongings) {}

  onModuleInit(): void {
    this.belongings.register(async (tx, clientId, spaces) => {
      const [found] = await tx.query<{ beyond: boolean }[]>(BEYOND, [clientId, spaces]);
      return found?.beyond === true;
    });
  }
}
