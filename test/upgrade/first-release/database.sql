
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.capabilities (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    description character varying(1024) DEFAULT ''::character varying NOT NULL,
    category character varying(64),
    version character varying(32) NOT NULL,
    status character varying(16) DEFAULT 'enabled'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_capabilities_name CHECK ((btrim((name)::text) <> ''::text)),
    CONSTRAINT ck_capabilities_status CHECK (((status)::text = ANY ((ARRAY['enabled'::character varying, 'disabled'::character varying])::text[]))),
    CONSTRAINT ck_capabilities_version CHECK (((version)::text ~ '^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$'::text))
);

CREATE TABLE public.capability_params (
    id uuid NOT NULL,
    capability_id uuid NOT NULL,
    name character varying(64) NOT NULL,
    type character varying(16) NOT NULL,
    required boolean DEFAULT false NOT NULL,
    default_value character varying(512),
    description character varying(255) DEFAULT ''::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_capability_params_type CHECK (((type)::text = ANY ((ARRAY['string'::character varying, 'number'::character varying, 'boolean'::character varying, 'object'::character varying, 'array'::character varying])::text[])))
);

CREATE TABLE public.channel_contexts (
    id uuid NOT NULL,
    channel_id uuid NOT NULL,
    key character varying(64) NOT NULL,
    value character varying(1024) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.channels (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    capability_id uuid NOT NULL,
    status character varying(16) DEFAULT 'open'::character varying NOT NULL,
    expiry_time timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_channels_status CHECK (((status)::text = ANY ((ARRAY['open'::character varying, 'closed'::character varying, 'error'::character varying])::text[])))
);

CREATE TABLE public.clients (
    id uuid NOT NULL,
    client_id character varying(64) NOT NULL,
    name character varying(255) NOT NULL,
    role character varying(16) NOT NULL,
    secret_hash character varying(255) NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_clients_role CHECK (((role)::text = ANY ((ARRAY['admin'::character varying, 'operator'::character varying, 'publisher'::character varying, 'agent'::character varying, 'viewer'::character varying])::text[])))
);

CREATE TABLE public.endpoint_params (
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    key character varying(64) NOT NULL,
    value character varying(512) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.idempotency_keys (
    id uuid NOT NULL,
    actor character varying(255) NOT NULL,
    key character varying(255) NOT NULL,
    request_hash character(64) NOT NULL,
    response jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.migrations (
    id integer NOT NULL,
    "timestamp" bigint NOT NULL,
    name character varying NOT NULL
);

CREATE SEQUENCE public.migrations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.migrations_id_seq OWNED BY public.migrations.id;

CREATE TABLE public.skill_endpoints (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    url character varying(512) NOT NULL,
    protocol character varying(8) NOT NULL,
    weight integer DEFAULT 1 NOT NULL,
    status character varying(16) DEFAULT 'active'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_skill_endpoints_protocol CHECK (((protocol)::text = ANY ((ARRAY['http'::character varying, 'https'::character varying, 'ws'::character varying, 'wss'::character varying])::text[]))),
    CONSTRAINT ck_skill_endpoints_scheme CHECK ((lower(split_part((url)::text, ':'::text, 1)) = (protocol)::text)),
    CONSTRAINT ck_skill_endpoints_status CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'inactive'::character varying])::text[]))),
    CONSTRAINT ck_skill_endpoints_weight CHECK ((weight > 0))
);

CREATE TABLE public.skill_events (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    name character varying(255) NOT NULL,
    version character varying(32) NOT NULL,
    event character varying(32) NOT NULL,
    actor character varying(255) NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    unregistered_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_skill_events_event CHECK (((event)::text = ANY ((ARRAY['registered'::character varying, 'updated'::character varying, 'status_changed'::character varying, 'unregistered'::character varying])::text[])))
);

CREATE SEQUENCE public.skill_generation
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.skill_metadata (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    key character varying(64) NOT NULL,
    value character varying(512) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.skill_search (
    skill_id uuid NOT NULL,
    document tsvector NOT NULL
);

CREATE TABLE public.skill_status (
    id uuid NOT NULL,
    skill_id uuid NOT NULL,
    health character varying(16) DEFAULT 'healthy'::character varying NOT NULL,
    uptime bigint DEFAULT 0 NOT NULL,
    request_count bigint DEFAULT 0 NOT NULL,
    error_count bigint DEFAULT 0 NOT NULL,
    cpu_usage real,
    memory_usage real,
    last_check timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_skill_status_cpu_usage CHECK (((cpu_usage >= (0)::double precision) AND (cpu_usage <= (100)::double precision))),
    CONSTRAINT ck_skill_status_error_count CHECK ((error_count >= 0)),
    CONSTRAINT ck_skill_status_health CHECK (((health)::text = ANY ((ARRAY['healthy'::character varying, 'unhealthy'::character varying, 'warning'::character varying])::text[]))),
    CONSTRAINT ck_skill_status_memory_usage CHECK (((memory_usage >= (0)::double precision) AND (memory_usage <= (100)::double precision))),
    CONSTRAINT ck_skill_status_request_count CHECK ((request_count >= 0)),
    CONSTRAINT ck_skill_status_uptime CHECK ((uptime >= 0))
);

CREATE TABLE public.skills (
    id uuid NOT NULL,
    name character varying(255) NOT NULL,
    description character varying(1024) DEFAULT ''::character varying NOT NULL,
    version character varying(32) NOT NULL,
    version_key bigint[] GENERATED ALWAYS AS ((string_to_array((version)::text, '.'::text))::bigint[]) STORED NOT NULL,
    status character varying(16) DEFAULT 'active'::character varying NOT NULL,
    owner character varying(255) NOT NULL,
    generation bigint DEFAULT nextval('public.skill_generation'::regclass) NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    last_heartbeat timestamp with time zone,
    facets bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    callable boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_skills_name CHECK ((btrim((name)::text) <> ''::text)),
    CONSTRAINT ck_skills_revision CHECK ((revision > 0)),
    CONSTRAINT ck_skills_status CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'inactive'::character varying, 'maintenance'::character varying])::text[]))),
    CONSTRAINT ck_skills_version CHECK (((version)::text ~ '^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$'::text))
);

ALTER TABLE ONLY public.migrations ALTER COLUMN id SET DEFAULT nextval('public.migrations_id_seq'::regclass);

INSERT INTO public.capabilities VALUES
	('01a20f07-ca9f-73f0-a93f-0218dac7d072', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>	', '', NULL, '0.0.0', 'enabled', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caad-7347-8c4f-77271782a2ab', '01a20f07-caab-7685-bb09-9065bd77a71f', '能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能能', 'dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd', '类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类类', '123456789.123456789.123456789', 'enabled', '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-caba-75f4-b358-73e54c62ce2c', '01a20f07-cab9-74b1-9286-8f1dea872254', 'echo', '', NULL, '1.0.0', 'enabled', '2026-11-24 19:28:18.617021+00', '2026-11-24 19:28:18.626051+00'),
	('01a20f07-ca74-7468-abd5-2b41098f5c65', '01a20f07-ca6f-714e-9278-5fd68439676a', 'forecast', '', 'weather', '1.2.3', 'enabled', '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-ca74-7468-abd5-2f24e0be6fbb', '01a20f07-ca6f-714e-9278-5fd68439676a', 'history', '', NULL, '0.0.1', 'disabled', '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-ca92-7025-ac0f-6777325849e6', '01a20f07-ca91-71e3-9152-94706b43b6e4', '翻译', '把文本翻译成另一种语言', '语言', '999999999.0.10', 'enabled', '2026-11-24 19:28:18.576965+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-cb0c-7305-89b2-377a10048040', '01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'batched', '', 'c0', '1.0.0', 'enabled', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0c-7305-89b2-3b739c4f529b', '01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'batched', '', 'c1', '1.0.0', 'enabled', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0c-7305-89b2-3fc469eaa3a1', '01a20f07-cb09-7473-bd4e-5579241515d1', 'batched', '', 'c0', '1.0.0', 'enabled', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0c-7305-89b2-40b9dd9139bb', '01a20f07-cb09-7473-bd4e-5875af04c884', 'batched', '', 'c1', '1.0.0', 'enabled', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0c-7305-89b2-4568f2166f9d', '01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'batched', '', 'c0', '1.0.0', 'enabled', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

INSERT INTO public.capability_params VALUES
	('01a20f07-ca9f-73f0-a93f-049eb7a11367', '01a20f07-ca9f-73f0-a93f-0218dac7d072', 'p''"\', 'string', false, '"O''Reilly \"quoted\" \\ back\\\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>\ttab\nline"', '', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-cad2-71b8-8a2f-e80e3b773fcb', '01a20f07-ca74-7468-abd5-2b41098f5c65', 'city', 'string', true, NULL, 'Name of the city', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad2-71b8-8a2f-eedcc21e0cd7', '01a20f07-ca74-7468-abd5-2b41098f5c65', 'days', 'number', false, '3', '', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad2-71b8-8a2f-f0739a6ab8ad', '01a20f07-ca74-7468-abd5-2b41098f5c65', 'units', 'object', false, '{"temperature":"K","wind":["m/s",null]}', '', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad2-71b8-8a2f-f4dbe0d42437', '01a20f07-ca74-7468-abd5-2b41098f5c65', 'exact', 'boolean', false, 'false', '', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad2-71b8-8a2f-fa454701a208', '01a20f07-ca74-7468-abd5-2b41098f5c65', 'hours', 'array', false, '[]', '', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00');

INSERT INTO public.clients VALUES
	('01a20f07-c8df-73c6-924a-f37412867e49', 'admin', 'Administrator', 'admin', '$argon2id$v=19$m=19456,t=2,p=1$LMJP9D3rc1Oyw+cXf/yMsg$fzn4Ghx+nmbyU0ucZyQWncqhbfTZ0RRIG8ktk00IKHw', false, '2026-11-24 19:28:18.145098+00', '2026-11-24 19:28:18.145098+00'),
	('01a20f07-ca20-709c-b8b6-c17770fd628e', 'the-operator', 'operator “Ω” 团队', 'operator', '$argon2id$v=19$m=19456,t=2,p=1$YhgTcwqMYudnrDXwFMXHgw$0+HcB6KuqCskR3EWo4JJ8F3g4faUpeR/wgx8e68h1uE', false, '2026-11-24 19:28:18.465737+00', '2026-11-24 19:28:18.465737+00'),
	('01a20f07-ca2f-7295-bb82-ea575a6623ca', 'the-publisher', 'publisher “Ω” 团队', 'publisher', '$argon2id$v=19$m=19456,t=2,p=1$A4avviT0WgxZ8niQe0cdzQ$/eN+PRcqN67lDwwNiBeVyI95XpWoW0SCsHAGmlEhNjM', false, '2026-11-24 19:28:18.480845+00', '2026-11-24 19:28:18.480845+00'),
	('01a20f07-ca42-716e-88a5-35d0d373cc1c', 'the-agent', 'agent “Ω” 团队', 'agent', '$argon2id$v=19$m=19456,t=2,p=1$PYw6QvgymkZsHeDQNTlC2g$DxEnyKSlrWpBMsuIxE+Lk7/KVUq2u5CDpMbFNJ18cuU', false, '2026-11-24 19:28:18.49974+00', '2026-11-24 19:28:18.49974+00'),
	('01a20f07-ca56-7141-8eb8-c4d26d26a15e', 'the-viewer', 'viewer “Ω” 团队', 'viewer', '$argon2id$v=19$m=19456,t=2,p=1$iOc37v+cC3gKkZxlzihXkA$CweB1JNT9611wPNU2FxMYyraf1RYx6EI2KmEtOn7Eb8', false, '2026-11-24 19:28:18.519331+00', '2026-11-24 19:28:18.519331+00');

INSERT INTO public.endpoint_params VALUES
	('01a20f07-ca9e-7106-8270-9641ca8a9a7f', '01a20f07-ca9e-7106-8270-900cb7b37ab6', 'k''"\', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>	tab
line', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caad-7347-8c4f-7183451fcc67', '01a20f07-caac-7150-9fdf-98caffc55e1c', 'kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk', '值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值值', '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-cad0-727f-815d-03b22eb82a4f', '01a20f07-ca72-7139-a639-39f58b8d9156', 'health_path', '/health', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad0-727f-815d-07797c3edd2a', '01a20f07-ca72-7139-a639-39f58b8d9156', 'timeout_ms', '1500', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00');

INSERT INTO public.idempotency_keys VALUES
	('01a20f07-caee-7611-87b2-26db00050be8', 'the-publisher', 'gone-1', '1586e2eb3e565241062fa970f540b2da7b9c42904c5ea0c7ecde409ba6419d30', '{"status": "registered", "skill_id": "01a20f07-caef-70c0-856d-180585d0c6cd", "generation": 9, "registered_at": "2026-11-24T19:28:18.670Z"}', '2026-11-24 19:28:18.670409+00', '2026-11-24 19:28:18.670409+00');

INSERT INTO public.migrations VALUES
	(1, 1764000000000, 'Foundation1764000000000');

INSERT INTO public.skill_endpoints VALUES
	('01a20f07-ca86-718a-bf59-e899908dc51b', '01a20f07-ca85-712f-8180-b61ac83632c0', 'https://weather.example/v2', 'https', 1, 'active', '2026-11-24 19:28:18.565656+00', '2026-11-24 19:28:18.565656+00'),
	('01a20f07-ca9e-7106-8270-900cb7b37ab6', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'http://odd.example/%27%22?a=1&b=%00', 'http', 1, 'active', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caac-7150-9fdf-98caffc55e1c', '01a20f07-caab-7685-bb09-9065bd77a71f', 'https://long.example/uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu', 'https', 1, 'active', '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-caba-75f4-b358-6d7d9e765428', '01a20f07-cab9-74b1-9286-8f1dea872254', 'http://one.example:9000', 'http', 1, 'active', '2026-11-24 19:28:18.617021+00', '2026-11-24 19:28:18.617021+00'),
	('01a20f07-cac2-7161-8b3f-43b00aa210af', '01a20f07-cab9-74b1-9286-8f1dea872254', 'http://two.example:9000', 'http', 1, 'active', '2026-11-24 19:28:18.626051+00', '2026-11-24 19:28:18.626051+00'),
	('01a20f07-ca72-7139-a639-39f58b8d9156', '01a20f07-ca6f-714e-9278-5fd68439676a', 'http://localhost:8001', 'http', 3, 'active', '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-ca72-7139-a639-3f3b08065347', '01a20f07-ca6f-714e-9278-5fd68439676a', 'wss://weather.example:8443/ws?tenant=a%20b', 'wss', 1, 'inactive', '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-ca91-71e3-9152-98cbf1129143', '01a20f07-ca91-71e3-9152-94706b43b6e4', 'http://[::1]:8001/路径?q=ß', 'http', 1000000, 'active', '2026-11-24 19:28:18.576965+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-cb0b-71be-bae1-7e951fe2bc29', '01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'http://batch.example/0', 'http', 1, 'active', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0b-71be-bae1-8293979acd6d', '01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'http://batch.example/1', 'http', 1, 'active', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0b-71be-bae1-85d59315bf57', '01a20f07-cb09-7473-bd4e-5579241515d1', 'http://batch.example/2', 'http', 1, 'active', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0b-71be-bae1-8ab313d6eacd', '01a20f07-cb09-7473-bd4e-5875af04c884', 'http://batch.example/3', 'http', 1, 'active', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0b-71be-bae1-8f98285402d5', '01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'http://batch.example/4', 'http', 1, 'inactive', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

INSERT INTO public.skill_events VALUES
	('01a20f07-ca7d-700d-8c64-78665a0f2c47', '01a20f07-ca6f-714e-9278-5fd68439676a', 'weather-skill', '1.2.3', 'registered', 'the-publisher', '2026-11-24 19:28:18.542+00', NULL, '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.542973+00'),
	('01a20f07-ca8a-715c-af7b-753a0b071119', '01a20f07-ca85-712f-8180-b61ac83632c0', 'weather-skill', '2.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.565+00', NULL, '2026-11-24 19:28:18.565656+00', '2026-11-24 19:28:18.565656+00'),
	('01a20f07-ca97-73aa-972c-a2f47ca13af7', '01a20f07-ca91-71e3-9152-94706b43b6e4', '天气预报 技能 🌦️', '999999999.0.10', 'registered', 'the-publisher', '2026-11-24 19:28:18.576+00', NULL, '2026-11-24 19:28:18.576965+00', '2026-11-24 19:28:18.576965+00'),
	('01a20f07-caa3-74d9-a815-f70ef6550bed', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s', '0.0.0', 'registered', 'admin', '2026-11-24 19:28:18.589+00', NULL, '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-cab2-71ef-81b1-c4bbffcf1e40', '01a20f07-caab-7685-bb09-9065bd77a71f', '长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长', '123456789.123456789.123456789', 'registered', 'the-publisher', '2026-11-24 19:28:18.603+00', NULL, '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-cabd-761c-8b95-004406d55cd2', '01a20f07-cab9-74b1-9286-8f1dea872254', 'replicated-skill', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.617+00', NULL, '2026-11-24 19:28:18.617021+00', '2026-11-24 19:28:18.617021+00'),
	('01a20f07-cad5-71c9-b386-7c006dfd3111', '01a20f07-ca6f-714e-9278-5fd68439676a', 'weather-skill', '1.2.3', 'updated', 'the-publisher', '2026-11-24 19:28:18.542+00', NULL, '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cadb-766b-9fbc-3ec72257e112', '01a20f07-ca85-712f-8180-b61ac83632c0', 'weather-skill', '2.0.0', 'status_changed', 'the-publisher', '2026-11-24 19:28:18.565+00', NULL, '2026-11-24 19:28:18.650315+00', '2026-11-24 19:28:18.650315+00'),
	('01a20f07-cae8-7031-b5e3-2719264a1b99', '01a20f07-ca91-71e3-9152-94706b43b6e4', '天气预报 技能 🌦️', '999999999.0.10', 'updated', 'the-publisher', '2026-11-24 19:28:18.576+00', NULL, '2026-11-24 19:28:18.654782+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-caf3-7112-997b-47e7dc16f692', '01a20f07-caef-70c0-856d-180585d0c6cd', 'gone-skill', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.67+00', NULL, '2026-11-24 19:28:18.670409+00', '2026-11-24 19:28:18.670409+00'),
	('01a20f07-cafb-707e-9d11-8948b809a8f6', '01a20f07-caef-70c0-856d-180585d0c6cd', 'gone-skill', '1.0.0', 'unregistered', 'the-publisher', '2026-11-24 19:28:18.67+00', '2026-11-24 19:28:18.681285+00', '2026-11-24 19:28:18.681285+00', '2026-11-24 19:28:18.681285+00'),
	('01a20f07-cb11-74ce-9b9b-5db344394ec5', '01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'batch-0', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.69+00', NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb11-74ce-9b9b-621ea2e74a06', '01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'batch-1', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.69+00', NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb11-74ce-9b9b-64a5d8128114', '01a20f07-cb09-7473-bd4e-5579241515d1', 'batch-2', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.69+00', NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb11-74ce-9b9b-6801643d1663', '01a20f07-cb09-7473-bd4e-5875af04c884', 'batch-3', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.69+00', NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb11-74ce-9b9b-6c3259a12cb0', '01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'batch-4', '1.0.0', 'registered', 'the-publisher', '2026-11-24 19:28:18.69+00', NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

INSERT INTO public.skill_metadata VALUES
	('01a20f07-ca9f-73f0-a93f-0b45bbfa5282', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', '__proto__x', '{"secret":true}', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-ca9f-73f0-a93f-0d48013f1d45', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'm''"\', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>	tab
line', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-ca9f-73f0-a93f-130b71fef32d', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'empty', ' ', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caa0-74a9-98d0-9ca115ed3ab2', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'null', 'null', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caa0-74a9-98d0-a1470ff92527', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'undefined', 'true', '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caae-7086-bb3a-5a0c82db82cf', '01a20f07-caab-7685-bb09-9065bd77a71f', '键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键键', '🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦🌦', '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-cad2-71b8-8a2f-ff8a2e980214', '01a20f07-ca6f-714e-9278-5fd68439676a', 'region', 'eu', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cad2-71b8-8a30-02dd3fc69da8', '01a20f07-ca6f-714e-9278-5fd68439676a', 'owner', 'Ünï', '2026-11-24 19:28:18.634839+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-cae4-73d2-a608-5a8cfe5743d9', '01a20f07-ca91-71e3-9152-94706b43b6e4', 'a.b-c d', '***', '2026-11-24 19:28:18.654782+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-cae4-73d2-a608-5c913ef6a3aa', '01a20f07-ca91-71e3-9152-94706b43b6e4', '地区', '上海', '2026-11-24 19:28:18.654782+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-cb0d-73f8-a40f-64a5e6b4985e', '01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'n', '0', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-6967a695fa82', '01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'n', '1', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-6def7d10eee4', '01a20f07-cb09-7473-bd4e-5579241515d1', 'n', '2', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-73eb48db7601', '01a20f07-cb09-7473-bd4e-5875af04c884', 'n', '3', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-77bdee302c89', '01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'n', '4', '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

INSERT INTO public.skill_search VALUES
	('01a20f07-ca6f-714e-9278-5fd68439676a', '''forecast'':5B,15C ''history'':8B ''skill'':2A,16C ''weather'':1A,11C,14C'),
	('01a20f07-ca85-712f-8180-b61ac83632c0', '''skill'':2A ''weather'':1A'),
	('01a20f07-ca91-71e3-9152-94706b43b6e4', '''für'':22C ''wetter'':21C ''zürich'':23C ''é'':24C ''الطقس'':18C ''توقعات'':17C ''一种'':34 ''另一'':33 ''天气'':1A ''天気'':19C ''成另'':32 ''技能'':5A ''把文'':27 ''报'':4A ''文本'':28 ''本翻'':29 ''气预'':2A ''気'':20C ''种语'':35 ''翻译'':9B,30 ''能'':6A ''言'':14C,37 ''译'':10B ''译成'':31 ''语言'':13C,36 ''预报'':3A'),
	('01a20f07-ca9d-74f8-ba7b-9df474c0f37c', '''1'':9A,21B,37C ''amp'':25B,41C ''b'':24B,26B,40C,42C ''back'':4A,16B,32C ''drop'':6A,18B,34C ''line'':44C ''o'':1A,13B,29C ''quoted'':3A,15B,31C ''reilly'':2A,14B,30C ''s'':10A,22B,38C ''skills'':8A,20B,36C ''slash'':5A,17B,33C ''tab'':43C ''table'':7A,19B,35C ''x'':23B,39C'),
	('01a20f07-caab-7685-bb09-9065bd77a71f', '''dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd'':1607 ''类'':578C ''类类'':515C,516C,517C,518C,519C,520C,521C,522C,523C,524C,525C,526C,527C,528C,529C,530C,531C,532C,533C,534C,535C,536C,537C,538C,539C,540C,541C,542C,543C,544C,545C,546C,547C,548C,549C,550C,551C,552C,553C,554C,555C,556C,557C,558C,559C,560C,561C,562C,563C,564C,565C,566C,567C,568C,569C,570C,571C,572C,573C,574C,575C,576C,577C ''能'':512B ''能能'':258B,259B,260B,261B,262B,263B,264B,265B,266B,267B,268B,269B,270B,271B,272B,273B,274B,275B,276B,277B,278B,279B,280B,281B,282B,283B,284B,285B,286B,287B,288B,289B,290B,291B,292B,293B,294B,295B,296B,297B,298B,299B,300B,301B,302B,303B,304B,305B,306B,307B,308B,309B,310B,311B,312B,313B,314B,315B,316B,317B,318B,319B,320B,321B,322B,323B,324B,325B,326B,327B,328B,329B,330B,331B,332B,333B,334B,335B,336B,337B,338B,339B,340B,341B,342B,343B,344B,345B,346B,347B,348B,349B,350B,351B,352B,353B,354B,355B,356B,357B,358B,359B,360B,361B,362B,363B,364B,365B,366B,367B,368B,369B,370B,371B,372B,373B,374B,375B,376B,377B,378B,379B,380B,381B,382B,383B,384B,385B,386B,387B,388B,389B,390B,391B,392B,393B,394B,395B,396B,397B,398B,399B,400B,401B,402B,403B,404B,405B,406B,407B,408B,409B,410B,411B,412B,413B,414B,415B,416B,417B,418B,419B,420B,421B,422B,423B,424B,425B,426B,427B,428B,429B,430B,431B,432B,433B,434B,435B,436B,437B,438B,439B,440B,441B,442B,443B,444B,445B,446B,447B,448B,449B,450B,451B,452B,453B,454B,455B,456B,457B,458B,459B,460B,461B,462B,463B,464B,465B,466B,467B,468B,469B,470B,471B,472B,473B,474B,475B,476B,477B,478B,479B,480B,481B,482B,483B,484B,485B,486B,487B,488B,489B,490B,491B,492B,493B,494B,495B,496B,497B,498B,499B,500B,501B,502B,503B,504B,505B,506B,507B,508B,509B,510B,511B ''述'':1604C ''述述'':581C,582C,583C,584C,585C,586C,587C,588C,589C,590C,591C,592C,593C,594C,595C,596C,597C,598C,599C,600C,601C,602C,603C,604C,605C,606C,607C,608C,609C,610C,611C,612C,613C,614C,615C,616C,617C,618C,619C,620C,621C,622C,623C,624C,625C,626C,627C,628C,629C,630C,631C,632C,633C,634C,635C,636C,637C,638C,639C,640C,641C,642C,643C,644C,645C,646C,647C,648C,649C,650C,651C,652C,653C,654C,655C,656C,657C,658C,659C,660C,661C,662C,663C,664C,665C,666C,667C,668C,669C,670C,671C,672C,673C,674C,675C,676C,677C,678C,679C,680C,681C,682C,683C,684C,685C,686C,687C,688C,689C,690C,691C,692C,693C,694C,695C,696C,697C,698C,699C,700C,701C,702C,703C,704C,705C,706C,707C,708C,709C,710C,711C,712C,713C,714C,715C,716C,717C,718C,719C,720C,721C,722C,723C,724C,725C,726C,727C,728C,729C,730C,731C,732C,733C,734C,735C,736C,737C,738C,739C,740C,741C,742C,743C,744C,745C,746C,747C,748C,749C,750C,751C,752C,753C,754C,755C,756C,757C,758C,759C,760C,761C,762C,763C,764C,765C,766C,767C,768C,769C,770C,771C,772C,773C,774C,775C,776C,777C,778C,779C,780C,781C,782C,783C,784C,785C,786C,787C,788C,789C,790C,791C,792C,793C,794C,795C,796C,797C,798C,799C,800C,801C,802C,803C,804C,805C,806C,807C,808C,809C,810C,811C,812C,813C,814C,815C,816C,817C,818C,819C,820C,821C,822C,823C,824C,825C,826C,827C,828C,829C,830C,831C,832C,833C,834C,835C,836C ''长'':255A ''长长'':1A,2A,3A,4A,5A,6A,7A,8A,9A,10A,11A,12A,13A,14A,15A,16A,17A,18A,19A,20A,21A,22A,23A,24A,25A,26A,27A,28A,29A,30A,31A,32A,33A,34A,35A,36A,37A,38A,39A,40A,41A,42A,43A,44A,45A,46A,47A,48A,49A,50A,51A,52A,53A,54A,55A,56A,57A,58A,59A,60A,61A,62A,63A,64A,65A,66A,67A,68A,69A,70A,71A,72A,73A,74A,75A,76A,77A,78A,79A,80A,81A,82A,83A,84A,85A,86A,87A,88A,89A,90A,91A,92A,93A,94A,95A,96A,97A,98A,99A,100A,101A,102A,103A,104A,105A,106A,107A,108A,109A,110A,111A,112A,113A,114A,115A,116A,117A,118A,119A,120A,121A,122A,123A,124A,125A,126A,127A,128A,129A,130A,131A,132A,133A,134A,135A,136A,137A,138A,139A,140A,141A,142A,143A,144A,145A,146A,147A,148A,149A,150A,151A,152A,153A,154A,155A,156A,157A,158A,159A,160A,161A,162A,163A,164A,165A,166A,167A,168A,169A,170A,171A,172A,173A,174A,175A,176A,177A,178A,179A,180A,181A,182A,183A,184A,185A,186A,187A,188A,189A,190A,191A,192A,193A,194A,195A,196A,197A,198A,199A,200A,201A,202A,203A,204A,205A,206A,207A,208A,209A,210A,211A,212A,213A,214A,215A,216A,217A,218A,219A,220A,221A,222A,223A,224A,225A,226A,227A,228A,229A,230A,231A,232A,233A,234A,235A,236A,237A,238A,239A,240A,241A,242A,243A,244A,245A,246A,247A,248A,249A,250A,251A,252A,253A,254A'),
	('01a20f07-cab9-74b1-9286-8f1dea872254', '''echo'':5B ''replicated'':1A ''skill'':2A'),
	('01a20f07-cb09-7473-bd4e-4e021f2ffce0', '''0'':2A ''batch'':1A ''batched'':5B ''c0'':8C'),
	('01a20f07-cb09-7473-bd4e-50cb0ef29f74', '''1'':2A ''batch'':1A ''batched'':5B ''c1'':8C'),
	('01a20f07-cb09-7473-bd4e-5579241515d1', '''2'':2A ''batch'':1A ''batched'':5B ''c0'':8C'),
	('01a20f07-cb09-7473-bd4e-5875af04c884', '''3'':2A ''batch'':1A ''batched'':5B ''c1'':8C'),
	('01a20f07-cb09-7473-bd4e-5e097a6f1a27', '''4'':2A ''batch'':1A ''batched'':5B ''c0'':8C');

INSERT INTO public.skill_status VALUES
	('01a20f07-ca78-7418-aca1-c8b98f7a3723', '01a20f07-ca6f-714e-9278-5fd68439676a', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.542973+00'),
	('01a20f07-ca87-74a8-8515-4403b3600dad', '01a20f07-ca85-712f-8180-b61ac83632c0', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.565656+00', '2026-11-24 19:28:18.565656+00'),
	('01a20f07-ca93-71bb-9c2c-64dd9ed0421c', '01a20f07-ca91-71e3-9152-94706b43b6e4', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.576965+00', '2026-11-24 19:28:18.576965+00'),
	('01a20f07-caa0-74a9-98d0-a6f1785e141e', '01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caae-7086-bb3a-5fe9280db51e', '01a20f07-caab-7685-bb09-9065bd77a71f', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-cabb-75c3-96d5-2a537bb1c52f', '01a20f07-cab9-74b1-9286-8f1dea872254', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.617021+00', '2026-11-24 19:28:18.617021+00'),
	('01a20f07-cb0d-73f8-a40f-796808dd2e05', '01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-7ea31f00f3d9', '01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-8275feb0f657', '01a20f07-cb09-7473-bd4e-5579241515d1', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-857555a96c31', '01a20f07-cb09-7473-bd4e-5875af04c884', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb0d-73f8-a40f-8accb72659a8', '01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'healthy', 0, 0, 0, NULL, NULL, NULL, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

INSERT INTO public.skills VALUES
	('01a20f07-ca9d-74f8-ba7b-9df474c0f37c', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s', 'O''Reilly "quoted" \ back\\slash; DROP TABLE skills; -- $1 %s {{x}} <b>&amp;</b>	tab
line', '0.0.0', DEFAULT, 'active', 'admin', 4, 1, '2026-11-24 19:28:18.589539+00', NULL, '{-6816066941285800889,-837342207976583771,-9001961466128365363,-9081936432032137298,6394049013058916430,695930026943184565,731314439563237665,77978833970528270}', true, '2026-11-24 19:28:18.589539+00', '2026-11-24 19:28:18.589539+00'),
	('01a20f07-caab-7685-bb09-9065bd77a71f', '长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长长', '述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述述', '123456789.123456789.123456789', DEFAULT, 'active', 'the-publisher', 5, 1, '2026-11-24 19:28:18.603436+00', NULL, '{-3693644895202638611,-4151867960913063071,-4614132689223308371,-8246805649902083677,2176084729761005041,2933421987744363678,7164237674376930404,8590946243566721080}', true, '2026-11-24 19:28:18.603436+00', '2026-11-24 19:28:18.603436+00'),
	('01a20f07-cab9-74b1-9286-8f1dea872254', 'replicated-skill', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 8, 2, '2026-11-24 19:28:18.626051+00', '2026-11-24 19:28:18.626051+00', '{-8366680036552717833,-9001961466128365363,6120096129308653240}', true, '2026-11-24 19:28:18.617021+00', '2026-11-24 19:28:18.626051+00'),
	('01a20f07-ca6f-714e-9278-5fd68439676a', 'weather-skill', 'Weather forecast skill', '1.2.3', DEFAULT, 'active', 'the-publisher', 1, 2, '2026-11-24 19:28:18.542973+00', NULL, '{-174118096048629590,-5851655889883512729,-6975216330318877463,-9001961466128365363,274181459931429135,3078056705541543036,5661150524858139438,5702697688131997986,7017965471821978018,9048451468295252153}', true, '2026-11-24 19:28:18.542973+00', '2026-11-24 19:28:18.634839+00'),
	('01a20f07-ca85-712f-8180-b61ac83632c0', 'weather-skill', '', '2.0.0', DEFAULT, 'maintenance', 'the-publisher', 2, 2, '2026-11-24 19:28:18.565656+00', NULL, '{-4151867960913063071}', true, '2026-11-24 19:28:18.565656+00', '2026-11-24 19:28:18.650315+00'),
	('01a20f07-ca91-71e3-9152-94706b43b6e4', '天气预报 技能 🌦️', 'توقعات الطقس · 天気 · Wetter für Zürich · é · ‍', '999999999.0.10', DEFAULT, 'inactive', 'the-publisher', 3, 2, '2026-11-24 19:28:18.576965+00', NULL, '{-1185671536186236380,-5215172276798077716,-525010681628259264,-6665608861835167256,-9001961466128365363,3532286467409920604,4571618756730655923,5773942773404595844,5917124922361045115}', true, '2026-11-24 19:28:18.576965+00', '2026-11-24 19:28:18.654782+00'),
	('01a20f07-cb09-7473-bd4e-4e021f2ffce0', 'batch-0', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 10, 1, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00', '{-2521214642591873507,-3784417874823580118,-5368016195807681599,-7934508618151305052,-9001961466128365363,1623245242768151464,4364039430038608516,536271958488389979}', true, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb09-7473-bd4e-50cb0ef29f74', 'batch-1', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 11, 1, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00', '{-2521214642591873507,-4475887059800437341,-7024763071384537776,-7319780095958516303,-9001961466128365363,1601922406737692841,1623245242768151464,7880036643413719613}', true, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb09-7473-bd4e-5579241515d1', 'batch-2', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 12, 1, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00', '{-2521214642591873507,-5368016195807681599,-7934508618151305052,-9001961466128365363,1623245242768151464,4364039430038608516,536271958488389979,9036771791691894225}', true, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb09-7473-bd4e-5875af04c884', 'batch-3', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 13, 1, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00', '{-2521214642591873507,-4475887059800437341,-7024763071384537776,-9001961466128365363,1601922406737692841,1623245242768151464,1879492457386085172,7880036643413719613}', true, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00'),
	('01a20f07-cb09-7473-bd4e-5e097a6f1a27', 'batch-4', '', '1.0.0', DEFAULT, 'active', 'the-publisher', 14, 1, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00', '{-2521214642591873507,-5368016195807681599,-7934508618151305052,1623245242768151464,4364039430038608516,536271958488389979,6094028497537471109}', false, '2026-11-24 19:28:18.690727+00', '2026-11-24 19:28:18.690727+00');

SELECT pg_catalog.setval('public.migrations_id_seq', 1, true);

SELECT pg_catalog.setval('public.skill_generation', 14, true);

ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id);

ALTER TABLE ONLY public.capabilities
    ADD CONSTRAINT pk_capabilities PRIMARY KEY (id);

ALTER TABLE ONLY public.capability_params
    ADD CONSTRAINT pk_capability_params PRIMARY KEY (id);

ALTER TABLE ONLY public.channel_contexts
    ADD CONSTRAINT pk_channel_contexts PRIMARY KEY (id);

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT pk_channels PRIMARY KEY (id);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT pk_clients PRIMARY KEY (id);

ALTER TABLE ONLY public.endpoint_params
    ADD CONSTRAINT pk_endpoint_params PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (id);

ALTER TABLE ONLY public.skill_endpoints
    ADD CONSTRAINT pk_skill_endpoints PRIMARY KEY (id);

ALTER TABLE ONLY public.skill_events
    ADD CONSTRAINT pk_skill_events PRIMARY KEY (id);

ALTER TABLE ONLY public.skill_metadata
    ADD CONSTRAINT pk_skill_metadata PRIMARY KEY (id);

ALTER TABLE ONLY public.skill_search
    ADD CONSTRAINT pk_skill_search PRIMARY KEY (skill_id);

ALTER TABLE ONLY public.skill_status
    ADD CONSTRAINT pk_skill_status PRIMARY KEY (id);

ALTER TABLE ONLY public.skills
    ADD CONSTRAINT pk_skills PRIMARY KEY (id);

ALTER TABLE ONLY public.capabilities
    ADD CONSTRAINT uq_capabilities_name UNIQUE (skill_id, name);

ALTER TABLE ONLY public.capability_params
    ADD CONSTRAINT uq_capability_params_name UNIQUE (capability_id, name);

ALTER TABLE ONLY public.channel_contexts
    ADD CONSTRAINT uq_channel_contexts_key UNIQUE (channel_id, key);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT uq_clients_client_id UNIQUE (client_id);

ALTER TABLE ONLY public.endpoint_params
    ADD CONSTRAINT uq_endpoint_params_key UNIQUE (endpoint_id, key);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT uq_idempotency_keys_key UNIQUE (actor, key);

ALTER TABLE ONLY public.skill_endpoints
    ADD CONSTRAINT uq_skill_endpoints_url UNIQUE (skill_id, url);

ALTER TABLE ONLY public.skill_metadata
    ADD CONSTRAINT uq_skill_metadata_key UNIQUE (skill_id, key);

ALTER TABLE ONLY public.skill_status
    ADD CONSTRAINT uq_skill_status_skill UNIQUE (skill_id);

ALTER TABLE ONLY public.skills
    ADD CONSTRAINT uq_skills_name_version UNIQUE (name, version);

CREATE INDEX ix_capabilities_category ON public.capabilities USING btree (category, skill_id);

CREATE INDEX ix_capabilities_created_at ON public.capabilities USING btree (created_at, id);

CREATE INDEX ix_capabilities_name ON public.capabilities USING btree (name, skill_id);

CREATE INDEX ix_capabilities_status ON public.capabilities USING btree (status);

CREATE INDEX ix_channels_capability ON public.channels USING btree (capability_id);

CREATE INDEX ix_channels_expiry_time ON public.channels USING btree (expiry_time);

CREATE INDEX ix_channels_skill ON public.channels USING btree (skill_id);

CREATE INDEX ix_channels_status ON public.channels USING btree (status);

CREATE INDEX ix_idempotency_keys_created_at ON public.idempotency_keys USING btree (created_at);

CREATE INDEX ix_skill_endpoints_protocol ON public.skill_endpoints USING btree (protocol, skill_id);

CREATE INDEX ix_skill_endpoints_status ON public.skill_endpoints USING btree (status);

CREATE INDEX ix_skill_events_created_at ON public.skill_events USING btree (created_at);

CREATE INDEX ix_skill_events_skill ON public.skill_events USING btree (skill_id, created_at);

CREATE INDEX ix_skill_metadata_key_value ON public.skill_metadata USING btree (key, value, skill_id);

CREATE INDEX ix_skill_search_document ON public.skill_search USING gin (document) WITH (gin_pending_list_limit='1024');

CREATE INDEX ix_skills_created_at ON public.skills USING btree (created_at, id);

CREATE INDEX ix_skills_facets ON public.skills USING gin (facets) WITH (gin_pending_list_limit='1024');

CREATE INDEX ix_skills_status ON public.skills USING btree (status, created_at, id, callable);

CREATE INDEX ix_skills_updated_at ON public.skills USING btree (updated_at, id);

CREATE INDEX ix_skills_version_key ON public.skills USING btree (version_key, id);

ALTER TABLE ONLY public.capabilities
    ADD CONSTRAINT fk_capabilities_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.capability_params
    ADD CONSTRAINT fk_capability_params_capability FOREIGN KEY (capability_id) REFERENCES public.capabilities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.channel_contexts
    ADD CONSTRAINT fk_channel_contexts_channel FOREIGN KEY (channel_id) REFERENCES public.channels(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT fk_channels_capability FOREIGN KEY (capability_id) REFERENCES public.capabilities(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.channels
    ADD CONSTRAINT fk_channels_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.endpoint_params
    ADD CONSTRAINT fk_endpoint_params_endpoint FOREIGN KEY (endpoint_id) REFERENCES public.skill_endpoints(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.skill_endpoints
    ADD CONSTRAINT fk_skill_endpoints_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.skill_metadata
    ADD CONSTRAINT fk_skill_metadata_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.skill_search
    ADD CONSTRAINT fk_skill_search_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.skill_status
    ADD CONSTRAINT fk_skill_status_skill FOREIGN KEY (skill_id) REFERENCES public.skills(id) ON DELETE CASCADE;

