import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '#auth';
import { newId, pickExternalId, toSkillUuid } from '#common';
import { probesSettings } from '#config';
import {
  type ArrayElement,
  arrayLiteral,
  columnsOf,
  RetryTransaction,
  type Transaction,
  violatesUnique,
} from '#database';
import { buildIndex } from '../model/facets.js';
import { storedDeprecation } from '../model/deprecation.js';
import { searchDocument } from '../model/search-document.js';
import { SkillCompanions } from '../model/skill-companions.js';
import type { EndpointLease, SkillLeases } from '../model/skill-observers.js';
import { type ProbesInterval, unheardHealth } from '../model/unheard-health.js';
import type { Health } from '../model/endpoint.entity.js';
import { readScheme } from '../model/endpoint-url.js';
import type { CreateSkillBody } from '../model/skill.dto.js';
import type { SkillStatus } from '../model/skill.entity.js';
import { SkillNames, toSkeleton } from '../names/index.js';
import { SkillSecrets } from '../secrets/index.js';
import { type CapabilityPart, declarationColumns, toJson } from './capabilities.writer.js';
import type { EndpointPart } from './endpoints.writer.js';
import { insertSkills, type Origin, PART_TABLES, type PartTable } from './new-skill.sql.js';

/** A Skill that was inserted. */
export interface CreatedSkill {
  id: string;
  external_id: string | null;
  generation: number;
  registered_at: Date;
  leases: SkillLeases;
  /** The name of another client that looks like the name of the Skill. */
  alike?: string;
}

export interface NewSkillBody extends Omit<CreateSkillBody, 'endpoints' | 'capabilities'> {
  /** The id that the client requests, a UUID or not. */
  skill_id?: string;
  endpoints: EndpointPart[];
  capabilities?: CapabilityPart[];
}

export interface NewSkill {
  id: string;
  body: NewSkillBody;
}

/** A Skill of a file, with its earlier state. Times are ISO 8601. */
export interface ImportedSkill extends NewSkill {
  past: {
    owner: string;
    status: SkillStatus;
    generation: number;
    deprecated_since?: string;
    registered_at: string;
    created_at: string;
    updated_at: string;
  };
}

export interface InsertedSkills {
  /** By id. */
  created: Map<string, CreatedSkill>;
  /** Ids of Skills whose names belong to other clients. */
  foreign: Set<string>;
}

interface InsertedRow {
  id: string;
  external_id: string | null;
  /** Null: a note about a Skill. */
  generation: number | null;
  registered_at: Date;
  note: 'foreign' | 'waited-for' | 'alike' | null;
  other: string | null;
}

interface Written {
  created: Map<string, CreatedSkill>;
  /** Ids of Skills whose names the statement could not claim. */
  unclaimed: Set<string>;
  /** Ids of Skills for which something may wait. */
  awaited: Set<string>;
}

type Rows = Record<'skills' | PartTable, ArrayElement[][]>;

/** Inserts new Skills with their parts, leases, history and index, in one round trip. */
@Injectable()
export class NewSkillsWriter {
  constructor(
    private readonly secrets: SkillSecrets,
    private readonly names: SkillNames,
    private readonly companions: SkillCompanions,
    @Inject(probesSettings.KEY) private readonly probes: ProbesInterval,
  ) {}

  /**
   * Claims the names of the Skills for the owner, too. Skips a Skill if its name belongs to another client, or if its name
   * and version, or its id, is taken. @throws BadParameterError (1001) for a secret without a key to encrypt it
   */
  async insert(
    tx: Transaction,
    caller: Caller,
    skills: readonly NewSkill[],
    origin: 'created' | 'registered',
  ): Promise<InsertedSkills> {
    const { created, unclaimed, awaited } = await this.run(tx, caller, skills, origin);
    if (unclaimed.size === 0) {
      await this.companions.arrived(tx, [...awaited]);
      return { created, foreign: unclaimed };
    }
    // Names that are shared or free, and those that another transaction has claimed meanwhile.
    const rest = skills.filter(({ id }) => unclaimed.has(id));
    const names = await this.names.claim(
      tx,
      caller.clientId,
      rest.map(({ body }) => body.name),
    );
    const claimed = rest.filter(({ body }) => names.has(body.name));
    const others = await this.run(tx, caller, claimed, origin, names);
    await this.companions.arrived(tx, [...awaited, ...others.awaited]);
    const foreign = rest.filter(({ body }) => !names.has(body.name)).map(({ id }) => id);
    return { created: new Map([...created, ...others.created]), foreign: new Set(foreign) };
  }

  /** Inserts Skills of a file, also with reserved names and ids. Skips known Skills. Returns the ids of the new ones. */
  async import(tx: Transaction, actor: string, skills: readonly ImportedSkill[]): Promise<Set<string>> {
    const names = new Set(skills.map(({ body }) => body.name));
    const { created } = await this.run(tx, { clientId: actor }, skills, 'imported', names);
    return new Set(created.keys());
  }

  private async run(
    tx: Transaction,
    caller: { clientId: string; spaces?: readonly string[] | undefined },
    skills: readonly (NewSkill | ImportedSkill)[],
    origin: Origin,
    allowedNames: ReadonlySet<string> = new Set(),
  ): Promise<Written> {
    const created = new Map<string, CreatedSkill>();
    const written: Written = { created, unclaimed: new Set(), awaited: new Set() };
    if (skills.length === 0) return written;
    const rows = { skills: [], ...Object.fromEntries(PART_TABLES.map((table) => [table, []])) } as unknown as Rows;
    const leases = new Map(skills.map((skill) => [skill.id, this.gather(rows, skill, origin)]));
    const ids = skills.flatMap(({ id, body }) =>
      origin === 'imported' ? id : body.skill_id === undefined ? [] : toSkillUuid(body.skill_id),
    );
    const tables = PART_TABLES.filter((table) => rows[table].length > 0);
    const columns = (['skills', ...tables] as const).flatMap((table) => columnsOf(rows[table]));
    const inserted = await insertingSkills(() =>
      tx.query<InsertedRow[]>(insertSkills(origin, tables, this.companions.waiting, skills.length === 1), [
        caller.clientId,
        arrayLiteral(ids),
        arrayLiteral([...allowedNames]),
        ...(origin === 'imported' ? [] : [caller.spaces ?? null]),
        ...columns,
      ]),
    );
    for (const { id, external_id, generation, registered_at } of inserted) {
      if (generation === null) continue;
      const endpoints = (leases.get(id) ?? []).map((lease) => ({ ...lease, generation }));
      const lease: SkillLeases = { skillId: id, owner: caller.clientId, endpoints };
      created.set(id, { id, external_id, generation, registered_at, leases: lease });
    }
    for (const { id, note, other } of inserted) {
      if (note === 'foreign') written.unclaimed.add(id);
      if (note === 'waited-for') written.awaited.add(id);
      const skill = created.get(id);
      if (skill && other !== null) skill.alike = other;
    }
    return written;
  }

  /** Adds the rows of a Skill. Returns its leases, without their generation. */
  private gather(rows: Rows, skill: NewSkill | ImportedSkill, origin: Origin): Omit<EndpointLease, 'generation'>[] {
    const { id, body } = skill;
    this.secrets.assertStorable(body);
    const metadata = this.secrets.sealed('skill_metadata', id, body.metadata ?? {});
    for (const { key, value, secret } of metadata) rows.skill_metadata.push([id, newId(), key, value, secret]);
    const capabilities = (body.capabilities ?? []).map((part) => {
      const { name, description = '', version = body.version, status = 'enabled', parameters = {} } = part;
      const capabilityId = part.id ?? newId();
      const category = part.category ?? null;
      const described = [part.input_schema, part.output_schema, part.examples].map(toJson);
      const external = part.capability_id ?? null;
      rows.capabilities.push([id, capabilityId, external, name, description, category, version, status, ...described]);
      for (const [parameter, declaration] of Object.entries(parameters)) {
        rows.capability_params.push([id, newId(), capabilityId, parameter, ...declarationColumns(declaration)]);
      }
      return { name, description, category, status };
    });
    const unheard = origin === 'created' ? unheardHealth(this.probes) : 'healthy';
    const endpoints = body.endpoints.map((part) => {
      const { url, weight = 1, status = 'active', health = unheard, parameters = {} } = part;
      const endpointId = part.endpoint_id ?? newId();
      const protocol = readScheme(url);
      rows.skill_endpoints.push([id, endpointId, url, protocol, weight, status, health]);
      if (origin === 'registered') rows.endpoint_leases.push([id, newId(), endpointId]);
      for (const { key, value, secret, type } of this.secrets.sealed('endpoint_params', endpointId, parameters)) {
        rows.endpoint_params.push([id, newId(), endpointId, key, value, secret, type]);
      }
      return { endpointId, url, protocol, status, health };
    });
    const { skill_id, name, description = '', version, space_id, tags = [] } = body;
    const active = endpoints.filter(({ status }) => status === 'active');
    const { facets, callable, has_active, has_live } = buildIndex({
      capabilities,
      protocols: active.flatMap(({ protocol, health }) => (health === 'unhealthy' ? [] : protocol)),
      has_active: active.length > 0,
      has_live: endpoints.some(({ health }) => health !== 'unhealthy'),
      metadata: Object.fromEntries(metadata.flatMap(({ key, value, secret }) => (secret ? [] : [[key, value]]))),
    });
    const deprecation = storedDeprecation(body.deprecated, 'past' in skill ? skill.past.deprecated_since : undefined);
    const row: ArrayElement[] = [
      id,
      pickExternalId(id, skill_id),
      name,
      toSkeleton(name),
      description,
      version,
      space_id,
      arrayLiteral(tags),
      `{${facets.join(',')}}`,
      callable,
      has_active,
      has_live,
      deprecation !== null,
      deprecation,
      newId(),
      newId(),
      searchDocument({ name, description, capabilities }),
      summarizeHealth(active.length > 0 ? active : endpoints),
    ];
    if ('past' in skill) {
      const { owner, status, generation, registered_at, created_at, updated_at } = skill.past;
      row.push(owner, status, generation, registered_at, created_at, updated_at);
    }
    rows.skills.push(row);
    return endpoints.map(({ endpointId, url, health }) => ({ endpointId, url, health, live: true }));
  }
}

/** As `SkillIndexWriter` does it. */
function summarizeHealth(endpoints: readonly { health: Health }[]): Health {
  const [first = 'healthy', ...others] = new Set(endpoints.map(({ health }) => health));
  return others.length > 0 ? 'warning' : first;
}

/** Retries if another transaction took an id meanwhile: the next attempt sees it. */
async function insertingSkills<T>(insert: () => Promise<T>): Promise<T> {
  try {
    return await insert();
  } catch (error) {
    if (violatesUnique(error, 'pk_skills')) throw new RetryTransaction(error);
    throw error;
  }
}
