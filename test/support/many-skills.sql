-- As many Skills as :count says, with all their parts, as the service would have written them: 2 endpoints,
-- 3 capabilities (of 2,000 names and 20 categories) with a parameter each, 3 entries of metadata. One in ten is not active,
-- one in fifty is dead, one in a hundred is deprecated. PostgreSQL makes 100,000 of them in seconds, the API in many minutes.
CREATE FUNCTION pg_temp.facet(VARIADIC parts text[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substring(sha256(convert_to(
    '[' || (SELECT string_agg(COALESCE(to_json(p)::text, 'null'), ',' ORDER BY n) FROM unnest(parts) WITH ORDINALITY AS u(p, n)) || ']',
    'UTF8')) FOR 8), 'hex'))::bit(64)::bigint
$$;
CREATE FUNCTION pg_temp.id(kind integer, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('0199' || lpad(to_hex(kind), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid
$$;

CREATE TEMP TABLE made_capabilities AS
  SELECT i, k, 'capability-' || (i * 7 + k * 631) % 2000 AS name, 'category-' || (i + k) % 20 AS category
  FROM generate_series(1, :count) AS i, generate_series(0, 2) AS k;
-- Each facet is hashed once.
CREATE TEMP TABLE made_facets AS
  SELECT 'n' AS kind, name, NULL AS category, pg_temp.facet('enabled', name, NULL) AS enabled,
    pg_temp.facet('capability', name, NULL) AS every FROM (SELECT DISTINCT name FROM made_capabilities) n
  UNION ALL SELECT 'c', NULL, category, pg_temp.facet('enabled', NULL, category), pg_temp.facet('capability', NULL, category)
  FROM (SELECT DISTINCT category FROM made_capabilities) c
  UNION ALL SELECT 'b', name, category, pg_temp.facet('enabled', name, category), pg_temp.facet('capability', name, category)
  FROM (SELECT DISTINCT name, category FROM made_capabilities) b;
CREATE TEMP TABLE made_metadata AS
  SELECT i, m.key, m.value FROM generate_series(1, :count) AS i,
    LATERAL (VALUES ('region', (ARRAY['eu', 'us', 'ap'])[i % 3 + 1]), ('team', 'team-' || i % 500), ('tier', 'tier-' || i % 5)) AS m(key, value);
CREATE TEMP TABLE made_metadata_facets AS
  SELECT key, value, pg_temp.facet('metadata', key, value) AS facet FROM (SELECT DISTINCT key, value FROM made_metadata) m;
ANALYZE made_capabilities, made_facets, made_metadata, made_metadata_facets;

INSERT INTO skills (id, name, description, version, status, owner, space_id, tags, facets, callable, has_active, has_live,
    deprecated, deprecation, created_at, updated_at, registered_at, last_heartbeat)
  SELECT pg_temp.id(1, i), 'skill-' || i, 'Does what number ' || i || ' does, for the team ' || i % 500, (i % 4) || '.' || (i % 9) || '.0',
    CASE WHEN i % 10 <> 0 THEN 'active' WHEN i % 20 = 0 THEN 'inactive' ELSE 'maintenance' END, 'admin',
    CASE WHEN i % 4 = 0 THEN 'space-' || i % 40 END, ARRAY['tag-' || i % 100, 'kind-' || i % 7], f.facets, i % 50 <> 7, true, i % 50 <> 7,
    i % 100 = 3, CASE WHEN i % 100 = 3 THEN '{"since": "2026-01-18T00:00:00.000Z", "message": "old"}'::jsonb END,
    t.at, t.at, t.at, now() - interval '5 seconds'
  FROM generate_series(1, :count) AS i
    CROSS JOIN LATERAL (SELECT now() - interval '30 days' + i * interval '20 seconds' AS at) t
    JOIN (SELECT i, array_agg(DISTINCT facet) AS facets FROM (
        SELECT c.i, unnest(ARRAY[f.enabled, f.every]) AS facet FROM made_capabilities c JOIN made_facets f
          ON (f.kind = 'n' AND f.name = c.name) UNION ALL
        SELECT c.i, unnest(ARRAY[f.enabled, f.every]) FROM made_capabilities c JOIN made_facets f
          ON (f.kind = 'c' AND f.category = c.category) UNION ALL
        SELECT c.i, unnest(ARRAY[f.enabled, f.every]) FROM made_capabilities c JOIN made_facets f
          ON (f.kind = 'b' AND f.name = c.name AND f.category = c.category) UNION ALL
        SELECT m.i, f.facet FROM made_metadata m JOIN made_metadata_facets f USING (key, value) UNION ALL
        SELECT i, pg_temp.facet('protocol', (ARRAY['http', 'https', 'ws', 'wss'])[i % 4 + 1]) FROM generate_series(1, :count) AS i WHERE i % 50 <> 7) x
      GROUP BY i) f USING (i);
INSERT INTO skill_status (id, skill_id) SELECT pg_temp.id(2, i), pg_temp.id(1, i) FROM generate_series(1, :count) AS i;
INSERT INTO skill_endpoints (id, skill_id, url, protocol, status, health, created_at)
  SELECT pg_temp.id(3, i * 2 + k), s.id, p.protocol || '://10.0.' || i % 250 || '.' || k || ':8001/' || i, p.protocol, 'active',
    CASE WHEN i % 50 = 7 THEN 'unhealthy' ELSE 'healthy' END, s.created_at
  FROM generate_series(1, :count) AS i JOIN skills s ON s.id = pg_temp.id(1, i)
    CROSS JOIN LATERAL (SELECT (ARRAY['http', 'https', 'ws', 'wss'])[i % 4 + 1] AS protocol) p, generate_series(0, 1) AS k;
INSERT INTO endpoint_params (id, endpoint_id, key, value)
  SELECT pg_temp.id(4, i), pg_temp.id(3, i * 2), 'health_path', '/health' FROM generate_series(1, :count) AS i;
INSERT INTO capabilities (id, skill_id, name, description, category, version, created_at)
  SELECT pg_temp.id(5, c.i * 3 + c.k), s.id, c.name, 'Capability ' || c.k || ' of Skill ' || c.i, c.category, '1.0.0', s.created_at
  FROM made_capabilities c JOIN skills s ON s.id = pg_temp.id(1, c.i);
INSERT INTO capability_params (id, capability_id, name, type, required, description)
  SELECT pg_temp.id(6, i * 3 + k), pg_temp.id(5, i * 3 + k), 'city', 'string', true, 'Name of the city'
  FROM generate_series(1, :count) AS i, generate_series(0, 2) AS k;
INSERT INTO skill_metadata (id, skill_id, key, value)
  SELECT gen_random_uuid(), pg_temp.id(1, i), key, value FROM made_metadata;
INSERT INTO skill_search (skill_id, document)
  SELECT s.id, setweight(to_tsvector('simple', replace(s.name, '-', ' ')), 'A') || to_tsvector('simple', s.description) FROM skills s
  WHERE s.id BETWEEN pg_temp.id(1, 1) AND pg_temp.id(1, :count);
DROP TABLE made_capabilities, made_facets, made_metadata, made_metadata_facets;
