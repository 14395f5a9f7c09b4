import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Caller } from '#auth';
import { Conditions } from '#database';
import { DataSource } from 'typeorm';
import type { CapabilityStatus } from '../model/capability.entity.js';
import type { EndpointProtocol, EndpointStatus, Health } from '../model/endpoint.entity.js';
import { capabilityFacet, protocolFacet } from '../model/facets.js';
import type { ProbeResult } from '../model/endpoint-probe.entity.js';
import { searchQuery } from '../model/search-document.js';
import { type NamedPart, NearNames } from './near-names.js';
import { activeEndpoint, newestOf, versionCondition } from './skill-filter.sql.js';
import { CAME_BACK, FLAPPING_MINUTES, FLAPS } from '../model/flapping.js';
import type { SkillStatus } from '../model/skill.entity.js';
import { addPartConditions, exactFacets } from './part-filters.sql.js';
import type { SkillFilter } from './skill.query.js';
import { inSpaces, type SpacedFilter } from './spaces.js';
import type { ExplanationResponse } from '../model/skill.response.js';
import { LATEST, matchesVersion } from '../model/version-range.js';

/** Most Skills that one answer explains. */
const MAX_EXPLAINED = 100;
/** Most endpoints, and most capabilities, that the reason for one Skill names. */
const MAX_PARTS_EXPLAINED = 10;

interface NearMatch {
  id: string;
  external_id: string | null;
  name: string;
  version: string;
  status: SkillStatus;
  space_id: string | null;
  deprecated: boolean;
  callable: boolean;
  endpoints: {
    url: string;
    protocol: EndpointProtocol;
    status: EndpointStatus;
    health: Health;
    expired_at: string | null;
    /** Whether it has or had a lease. */
    leased: boolean;
    probe: { result: ProbeResult; reason: string | null } | null;
    /** How often it became healthy again lately. */
    returns: number;
  }[];
  capabilities: { name: string; category: string | null; status: CapabilityStatus }[];
}

type Filter = SpacedFilter & { status: SkillStatus };
/** For names that do not exist: those that look like them. */
type Near = Partial<Record<NamedPart, string[]>>;
const NAMED_PARTS = ['name', 'capability', 'category'] as const satisfies NamedPart[];

/**
 * Explains why discovery left out Skills with the requested name, capability, metadata and words: because of their
 * Space, status, health, leases or version, or because the capability is disabled. If a name does not exist, it explains the newest
 * Skill of each name that looks like it. It knows only what the caller may see.
 */
@Injectable()
export class DiscoveryExplainer {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly nearNames: NearNames,
  ) {}

  /** Explains the first 100 Skills. */
  async explain(caller: Caller, filter: Filter): Promise<ExplanationResponse[]> {
    const near = await this.findNear(caller, filter);
    // Nothing looks like it: no Skill nearly matches.
    const relaxed = near.name ? [near.name] : [near.capability, near.category];
    if (relaxed.some((names) => names?.length === 0)) return [];
    const rows = await this.findSkills(caller, filter, near);
    return rows.map((row) => ({
      skill_id: row.external_id ?? row.id,
      id: row.id,
      name: row.name,
      reason: listReasons(row, filter, near).join('; '),
    }));
  }

  private async findNear(caller: Caller, filter: Filter): Promise<Near> {
    const near: Near = {};
    for (const part of NAMED_PARTS) {
      const asked = filter[part];
      const names = asked === undefined ? undefined : await this.nearNames.find(part, asked, caller.spaces);
      if (names) near[part] = names;
    }
    return near;
  }

  private findSkills(caller: Caller, filter: Filter, { name, capability, category }: Near): Promise<NearMatch[]> {
    const near = new Conditions();
    const passes = strictly(filter, near);
    if (caller.spaces) near.add(inSpaces('s.space_id', caller.spaces, near.bind));
    if (name) near.add(`s.name = ANY(${near.bind(name)}::text[])`);
    else if (filter.name !== undefined) near.add(`s.name = ${near.bind(filter.name)}`);
    // A Skill whose name only looks like the requested one may lack the capability, too.
    const isExact = name === undefined;
    const like = [
      ...(capability ?? []).map((one) => capabilityFacet(one, undefined, false)),
      ...(category ?? []).map((one) => capabilityFacet(undefined, one, false)),
    ];
    if (isExact && like.length > 0) near.add(`s.facets && ${near.bind(like)}::bigint[]`);
    const mustBeCapable = isExact && isByCapability(filter) && like.length === 0;
    const facets = [
      ...(mustBeCapable ? [capabilityFacet(filter.capability, filter.category, false)] : []),
      ...exactFacets(filter),
    ];
    addPartConditions(filter, near);
    if (facets.length > 0) near.add(`s.facets @> ${near.bind(facets)}::bigint[]`);
    if (filter.q !== undefined) {
      near.add(
        `s.id IN (SELECT skill_id FROM skill_search WHERE document @@ ${near.bind(searchQuery(filter.q))}::tsquery)`,
      );
    }
    near.add(`NOT (${passes.join(' AND ')})`);
    const where = !isExact || like.length > 0 ? newestOf('skills s', near) : near.toString();
    return this.dataSource.query<NearMatch[]>(
      `SELECT s.id, s.external_id, s.name, s.version, s.status, s.space_id, s.deprecated, s.callable, COALESCE((SELECT json_agg(json_build_object('url', e.url,
             'protocol', e.protocol, 'status', e.status, 'health', e.health, 'expired_at', l.expired_at,
             'leased', l.id IS NOT NULL, 'returns', (SELECT count(*) FROM skill_events v
               WHERE v.skill_id = s.id AND v.endpoint_url = e.url AND ${CAME_BACK}), 'probe', CASE WHEN p.last_result IS NOT NULL
               THEN json_build_object('result', p.last_result, 'reason', p.reason) END))
           FROM skill_endpoints e LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
           LEFT JOIN endpoint_probes p ON p.endpoint_id = e.id WHERE e.skill_id = s.id),
           '[]'::json) AS endpoints,
         COALESCE((SELECT json_agg(json_build_object('name', c.name, 'category', c.category, 'status', c.status))
           FROM capabilities c WHERE c.skill_id = s.id), '[]'::json) AS capabilities
       FROM skills s ${where} ORDER BY s.created_at, s.id LIMIT ${MAX_EXPLAINED}`,
      near.parameters,
    );
  }
}

function isByCapability({ capability, category }: SkillFilter): boolean {
  return capability !== undefined || category !== undefined;
}

/** The conditions of discovery, in SQL. */
function strictly(filter: Filter, near: Conditions): string[] {
  const { status, include, protocol, version, name, space_id, deprecated } = filter;
  const enabled = isByCapability(filter) ? [capabilityFacet(filter.capability, filter.category, true)] : [];
  const speaking = protocol !== undefined && include === undefined ? [protocolFacet(protocol)] : [];
  const facets = [...enabled, ...speaking];
  return [
    `s.status = ${near.bind(status)}`,
    ...(name !== undefined ? [`s.name = ${near.bind(name)}`] : []),
    ...(space_id !== undefined ? [`(s.space_id = ${near.bind(space_id)}) IS TRUE`] : []),
    ...(deprecated !== undefined ? [deprecated === 'true' ? 's.deprecated' : 'NOT s.deprecated'] : []),
    include === undefined ? 's.callable' : 's.has_active',
    ...(facets.length > 0 ? [`s.facets @> ${near.bind(facets)}::bigint[]`] : []),
    ...(protocol !== undefined && include !== undefined ? [activeEndpoint(near.bind(protocol))] : []),
    ...(version !== undefined && version !== LATEST ? [versionCondition(version, near)] : []),
  ];
}

function listReasons(skill: NearMatch, filter: Filter, near: Near): string[] {
  const { status, version, protocol, space_id, deprecated } = filter;
  const isDeprecated = skill.deprecated ? 'true' : 'false';
  const speaking = skill.endpoints.filter((endpoint) => protocol === undefined || endpoint.protocol === protocol);
  return [
    ...listSuggestions(skill, filter, near),
    ...(space_id === undefined || skill.space_id === space_id
      ? []
      : [`it is in ${skill.space_id === null ? 'no Space' : `the Space ${skill.space_id}`}, not in ${space_id}`]),
    ...(deprecated === undefined || deprecated === isDeprecated
      ? []
      : [`it is ${skill.deprecated ? '' : 'not '}deprecated`]),
    ...(skill.status === status ? [] : [`its status is ${skill.status}, not ${status}`]),
    ...(version === undefined || matchesVersion(skill.version, version)
      ? []
      : [`its version ${skill.version} is not in ${version}`]),
    ...(near.capability?.length || near.category?.length ? [] : listDisabled(skill, filter)),
    ...(speaking.length > 0 ? [] : [`it has no ${protocol ?? ''} endpoint`]),
    ...(speaking.some((endpoint) => isCallable(endpoint, filter))
      ? []
      : speaking.slice(0, MAX_PARTS_EXPLAINED).map(explainEndpoint)),
  ];
}

/** Names the part of the Skill that looks like what was requested. */
function listSuggestions({ name, capabilities }: NearMatch, filter: Filter, near: Near): string[] {
  const suggest = (part: NamedPart, label: string, names: readonly (string | null)[]): string[] => {
    const [first] = near[part]?.filter((one) => names.includes(one)) ?? [];
    return first === undefined ? [] : [`did you mean ${label}"${first}"? It has no ${part} "${filter[part] ?? ''}"`];
  };
  return [
    ...(near.name ? [`did you mean "${name}"? Its name is not "${filter.name ?? ''}"`] : []),
    ...suggest(
      'capability',
      'the capability ',
      capabilities.map((one) => one.name),
    ),
    ...suggest(
      'category',
      'the category ',
      capabilities.map((one) => one.category),
    ),
  ];
}

/** Lists the requested capabilities if all of them are disabled. */
function listDisabled({ capabilities }: NearMatch, filter: SkillFilter): string[] {
  if (!isByCapability(filter)) return [];
  const asked = capabilities.filter(
    ({ name, category }) =>
      (filter.capability === undefined || name === filter.capability) &&
      (filter.category === undefined || category === filter.category),
  );
  if (asked.length === 0)
    return [`it has no capability with this ${filter.capability === undefined ? 'category' : 'name'}`];
  if (asked.some(({ status }) => status === 'enabled')) return [];
  return asked.slice(0, MAX_PARTS_EXPLAINED).map(({ name }) => `its capability ${name} is disabled`);
}

type Endpoint = NearMatch['endpoints'][number];

function isCallable({ status, health }: Endpoint, { include }: SkillFilter): boolean {
  return status === 'active' && (health !== 'unhealthy' || include === 'unhealthy');
}

function explainEndpoint(endpoint: Endpoint): string {
  const { returns } = endpoint;
  const flapping = `it flaps: it became healthy again ${returns} times in the last ${FLAPPING_MINUTES} minutes`;
  return returns >= FLAPS ? `${explainState(endpoint)}; ${flapping}` : explainState(endpoint);
}

function explainState({ url, status, health, expired_at, leased, probe }: Endpoint): string {
  if (status === 'draining') return `${url} is draining: it takes no new calls`;
  if (status !== 'active') return `${url} is ${status}`;
  if (expired_at !== null) return `${url} is ${health}: its lease ended at ${new Date(expired_at).toISOString()}`;
  if (leased) return `${url} is ${health}: it says so itself`;
  if (probe?.result !== 'unhealthy') return `${url} is ${health}, and was not probed often enough since`;
  return `${url} is ${health}: its probes fail: ${probe.reason ?? 'no reason is known'}`;
}
