import { Foundation1764000000000 } from './1764000000000-foundation.js';
import { Leases1764100000000 } from './1764100000000-leases.js';
import { Access1764200000000 } from './1764200000000-access.js';
import { Secrets1764300000000 } from './1764300000000-secrets.js';
import { AuditReasons1764400000000 } from './1764400000000-audit-reasons.js';
import { SessionBounds1764500000000 } from './1764500000000-session-bounds.js';
import { HotRows1764600000000 } from './1764600000000-hot-rows.js';
import { Channels1764700000000 } from './1764700000000-channels.js';
import { Commands1764800000000 } from './1764800000000-commands.js';
import { AuditDeletion1764810000000 } from './1764810000000-audit-deletion.js';
import { ApiKeyRotation1764820000000 } from './1764820000000-api-key-rotation.js';
import { Callbacks1764900000000 } from './1764900000000-callbacks.js';
import { Probes1765000000000 } from './1765000000000-probes.js';
import { Uncallable1766000000000 } from './1766000000000-uncallable.js';
import { Undiscoverable1767000000000 } from './1767000000000-undiscoverable.js';
import { Names1768000000000 } from './1768000000000-names.js';
import { Shares1769000000000 } from './1769000000000-shares.js';
import { AuditSpaces1770000000000 } from './1770000000000-audit-spaces.js';
import { CallReleases1771000000000 } from './1771000000000-call-releases.js';
import { Quotas1775000000000 } from './1775000000000-quotas.js';
import { ExternalIds1776000000000 } from './1776000000000-external-ids.js';
import { Completed1776100000000 } from './1776100000000-completed.js';
import { EndpointCas1776100000001 } from './1776100000001-endpoint-cas.js';
import { Schemas1776200000000 } from './1776200000000-schemas.js';
import { Leaving1776300000000 } from './1776300000000-leaving.js';
import { CanonicalNames1776400000000 } from './1776400000000-canonical-names.js';
import { Versions1776500000000 } from './1776500000000-versions.js';
import { Tags1776600000000 } from './1776600000000-tags.js';
import { ParameterTypes1776700000000 } from './1776700000000-parameter-types.js';
import { Tries1777100000000 } from './1777100000000-tries.js';
import { JsonContexts1777110000000 } from './1777110000000-json-contexts.js';
import { RefreshGrace1777200000000 } from './1777200000000-refresh-grace.js';
import { AwayIds1777300000000 } from './1777300000000-away-ids.js';

/** In the order in which they run. */
export const MIGRATIONS = [
  Foundation1764000000000,
  Leases1764100000000,
  Access1764200000000,
  Secrets1764300000000,
  AuditReasons1764400000000,
  SessionBounds1764500000000,
  HotRows1764600000000,
  Channels1764700000000,
  Commands1764800000000,
  AuditDeletion1764810000000,
  ApiKeyRotation1764820000000,
  Callbacks1764900000000,
  Probes1765000000000,
  Uncallable1766000000000,
  Undiscoverable1767000000000,
  Names1768000000000,
  Shares1769000000000,
  AuditSpaces1770000000000,
  CallReleases1771000000000,
  Quotas1775000000000,
  ExternalIds1776000000000,
  Completed1776100000000,
  EndpointCas1776100000001,
  Schemas1776200000000,
  Leaving1776300000000,
  CanonicalNames1776400000000,
  Versions1776500000000,
  Tags1776600000000,
  ParameterTypes1776700000000,
  Tries1777100000000,
  JsonContexts1777110000000,
  RefreshGrace1777200000000,
  AwayIds1777300000000,
];
