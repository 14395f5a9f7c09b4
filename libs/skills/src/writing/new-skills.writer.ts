import { Injectable } from '@nestjs/common';
import { newId } from '#common';
import { type ArrayElement, arrayLiteral, columnsOf, type Transaction } from '#database';
import { indexOf } from '../model/facets.js';
import { insertSkills, RARE_TABLES, WIDTH } from './new-skill.sql.js';
import { searchDocument } from '../model/search-document.js';
import { SkillSecrets } from '../secrets/index.js';
import type { EndpointLease, SkillLeases } from '../model/skill-observers.js';
import { schemeOf } from '../model/skill-fields.decorators.js';
import type { RegisterSkillBody } from '../model/skill.dto.js';
import { insertingSkills } from './taken-id.js';

/** A Skill that was inserted. */
export interface CreatedSkill {
  id: string;
  generation: number;
  registered_at: Date;
  leases: SkillLeases;
}

/** A body, and the id that it is to have: the one that it asks for, if any. */
export interface NewSkill {
  id: string;
  body: RegisterSkillBody;
}

type Row = readonly ArrayElement[];
type Rows = Record<keyof typeof WIDTH, Row[]>;

/** Writes Skills that nobody has registered before, with their parts, leases, history and index, in one round trip. */
@Injectable()
export class NewSkillsWriter {
  constructor(private readonly secrets: SkillSecrets) {}

  /** Returns those that are new, by id; of others, nothing is written. @throws BadParameterError (1001) */
  async insert(tx: Transaction, owner: string, skills: readonly NewSkill[]): Promise<Map<string, CreatedSkill>> {
    const rows: Rows = {
      ...{ skills: [], skill_endpoints: [], capabilities: [] },
      ...{ skill_metadata: [], endpoint_params: [], capability_params: [] },
    };
    const endpoints = new Map(skills.map((skill) => [skill.id, this.gather(rows, skill)]));
    const asked = skills.flatMap(({ body: { skill_id } }) => skill_id ?? []);
    const rare = RARE_TABLES.filter((table) => rows[table].length > 0);
    const tables = ['skills', 'skill_endpoints', 'capabilities', ...rare] as const;
    const text = insertSkills((table) => rare.includes(table), skills.length === 1);
    const columns = tables.flatMap((table) => columnsOf(rows[table], WIDTH[table]));
    const created = await insertingSkills(() =>
      tx.query<Omit<CreatedSkill, 'leases'>[]>(text, [owner, arrayLiteral(asked), ...columns]),
    );
    return new Map(
      created.map((skill) => [
        skill.id,
        {
          ...skill,
          leases: { skillId: skill.id, owner, endpoints: (endpoints.get(skill.id) ?? []).map(leaseOf(skill)) },
        },
      ]),
    );
  }

  /** Adds the rows of a Skill. Returns its endpoints. */
  private gather(rows: Rows, { id, body }: NewSkill): Pick<EndpointLease, 'endpointId' | 'url'>[] {
    this.secrets.assertStorable(body);
    const metadata = this.secrets.sealed('skill_metadata', id, body.metadata ?? {});
    for (const { key, value, secret } of metadata) rows.skill_metadata.push([id, newId(), key, value, secret]);
    const capabilities = (body.capabilities ?? []).map(
      ({ name, description = '', category = null, version = body.version, status = 'enabled', parameters = {} }) => {
        const capabilityId = newId();
        rows.capabilities.push([capabilityId, id, name, description, category, version, status]);
        for (const [parameter, { type, required = false, default: value, description: text = '' }] of Object.entries(
          parameters,
        )) {
          const json = value === undefined ? null : JSON.stringify(value);
          rows.capability_params.push([id, newId(), capabilityId, parameter, type, required, json, text]);
        }
        return { name, description, category, status };
      },
    );
    const endpoints = body.endpoints.map(({ url, weight = 1, status = 'active', parameters = {} }) => {
      const endpointId = newId();
      const protocol = schemeOf(url);
      rows.skill_endpoints.push([endpointId, id, url, protocol, weight, status, newId()]);
      for (const { key, value, secret } of this.secrets.sealed('endpoint_params', endpointId, parameters)) {
        rows.endpoint_params.push([id, newId(), endpointId, key, value, secret]);
      }
      return { endpointId, url, protocol, status };
    });
    const { name, description = '', version, space_id } = body;
    const active = endpoints.filter(({ status }) => status === 'active');
    const { facets, callable, has_active } = indexOf({
      capabilities,
      protocols: active.map(({ protocol }) => protocol),
      has_active: active.length > 0,
      has_live: true,
      metadata: Object.fromEntries(metadata.flatMap(({ key, value, secret }) => (secret ? [] : [[key, value]]))),
    });
    const document = searchDocument({ name, description, capabilities });
    rows.skills.push([
      ...[id, name, description, version, space_id, `{${facets.join(',')}}`],
      ...[callable, has_active, newId(), newId(), document],
    ]);
    return endpoints;
  }
}

/** Whoever registers is alive. */
function leaseOf({ generation }: { generation: number }) {
  return ({ endpointId, url }: Pick<EndpointLease, 'endpointId' | 'url'>): EndpointLease => ({
    ...{ endpointId, url, generation },
    health: 'healthy',
    live: true,
  });
}
