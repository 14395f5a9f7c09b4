import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Caller } from '#auth';
import { Conditions } from '#database';
import { DataSource } from 'typeorm';
import type { CapabilityStatus } from '../model/capability.entity.js';
import type { EndpointProtocol, EndpointStatus, Health } from '../model/endpoint.entity.js';
import { capabilityFacet, metadataFacet, protocolFacet } from '../model/facets.js';
import type { ProbeResult } from '../model/endpoint-probe.entity.js';
import { searchQuery } from '../model/search-document.js';
import { activeEndpoint, versionCondition } from './skill-filter.sql.js';
import type { SkillStatus } from '../model/skill.entity.js';
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
  name: string;
  version: string;
  status: SkillStatus;
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
  }[];
  capabilities: { name: string; category: string | null; status: CapabilityStatus }[];
}

/**
 * Explains why discovery left out Skills with the requested name, capability, metadata and words: because of their
 * status, health, leases or version, or because the capability is disabled.
 */
@Injectable()
export class DiscoveryExplainer {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Explains the first 100 Skills that this caller may change. */
  async explain(caller: Caller, filter: SpacedFilter & { status: SkillStatus }): Promise<ExplanationResponse[]> {
    const near = new Conditions();
    const passes = strictly(filter, near);
    if (caller.boundTo !== undefined) near.add(`s.owner = ${near.bind(caller.boundTo)}`);
    if (filter.spaces) near.add(inSpaces('s.space_id', filter.spaces, (value) => near.bind(value)));
    if (filter.name !== undefined) near.add(`s.name = ${near.bind(filter.name)}`);
    const facets = [
      ...(isByCapability(filter) ? [capabilityFacet(filter.capability, filter.category, false)] : []),
      ...Object.entries(filter.metadata ?? {}).map(([key, value]) => metadataFacet(key, value)),
    ];
    if (facets.length > 0) near.add(`s.facets @> ${near.bind(facets)}::bigint[]`);
    if (filter.q !== undefined) {
      near.add(
        `s.id IN (SELECT skill_id FROM skill_search WHERE document @@ ${near.bind(searchQuery(filter.q))}::tsquery)`,
      );
    }
    near.add(`NOT (${passes.join(' AND ')})`);
    const rows = await this.dataSource.query<NearMatch[]>(
      `SELECT s.id, s.name, s.version, s.status, s.callable, COALESCE((SELECT json_agg(json_build_object('url', e.url,
             'protocol', e.protocol, 'status', e.status, 'health', e.health, 'expired_at', l.expired_at,
             'leased', l.id IS NOT NULL, 'probe', CASE WHEN p.last_result IS NOT NULL
               THEN json_build_object('result', p.last_result, 'reason', p.reason) END))
           FROM skill_endpoints e LEFT JOIN endpoint_leases l ON l.endpoint_id = e.id
           LEFT JOIN endpoint_probes p ON p.endpoint_id = e.id WHERE e.skill_id = s.id),
           '[]'::json) AS endpoints,
         COALESCE((SELECT json_agg(json_build_object('name', c.name, 'category', c.category, 'status', c.status))
           FROM capabilities c WHERE c.skill_id = s.id), '[]'::json) AS capabilities
       FROM skills s ${near.toString()} ORDER BY s.created_at, s.id LIMIT ${MAX_EXPLAINED}`,
      near.parameters,
    );
    return rows.map((row) => ({ skill_id: row.id, name: row.name, reason: listReasons(row, filter).join('; ') }));
  }
}

function isByCapability({ capability, category }: SkillFilter): boolean {
  return capability !== undefined || category !== undefined;
}

/** The conditions of discovery, in SQL. */
function strictly(filter: SkillFilter & { status: SkillStatus }, near: Conditions): string[] {
  const { status, include, protocol, version } = filter;
  const enabled = isByCapability(filter) ? [capabilityFacet(filter.capability, filter.category, true)] : [];
  const speaking = protocol !== undefined && include === undefined ? [protocolFacet(protocol)] : [];
  const facets = [...enabled, ...speaking];
  return [
    `s.status = ${near.bind(status)}`,
    include === undefined ? 's.callable' : 's.has_active',
    ...(facets.length > 0 ? [`s.facets @> ${near.bind(facets)}::bigint[]`] : []),
    ...(protocol !== undefined && include !== undefined ? [activeEndpoint(near.bind(protocol))] : []),
    ...(version !== undefined && version !== LATEST ? [versionCondition(version, near)] : []),
  ];
}

function listReasons(skill: NearMatch, filter: SkillFilter & { status: SkillStatus }): string[] {
  const { status, version, protocol } = filter;
  const speaking = skill.endpoints.filter((endpoint) => protocol === undefined || endpoint.protocol === protocol);
  return [
    ...(skill.status === status ? [] : [`its status is ${skill.status}, not ${status}`]),
    ...(version === undefined || matchesVersion(skill.version, version)
      ? []
      : [`its version ${skill.version} is not in ${version}`]),
    ...listDisabled(skill, filter),
    ...(speaking.length > 0 ? [] : [`it has no ${protocol ?? ''} endpoint`]),
    ...(speaking.some((endpoint) => isCallable(endpoint, filter))
      ? []
      : speaking.slice(0, MAX_PARTS_EXPLAINED).map(explainEndpoint)),
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
  if (asked.some(({ status }) => status === 'enabled')) return [];
  return asked.slice(0, MAX_PARTS_EXPLAINED).map(({ name }) => `its capability ${name} is disabled`);
}

type Endpoint = NearMatch['endpoints'][number];

function isCallable({ status, health }: Endpoint, { include }: SkillFilter): boolean {
  return status === 'active' && (health !== 'unhealthy' || include === 'unhealthy');
}

function explainEndpoint({ url, status, health, expired_at, leased, probe }: Endpoint): string {
  if (status === 'draining') return `${url} is draining: it takes no new calls`;
  if (status !== 'active') return `${url} is ${status}`;
  if (expired_at !== null) return `${url} is ${health}: its lease ended at ${new Date(expired_at).toISOString()}`;
  if (leased) return `${url} is ${health}: it says so itself`;
  if (probe?.result !== 'unhealthy') return `${url} is ${health}, and was not probed often enough since`;
  return `${url} is ${health}: its probes fail: ${probe.reason ?? 'no reason is known'}`;
}
