-- The store's schema, version 4 (PRAGMA user_version). Text columns hold '' where there is nothing;
-- times named *_ms are Unix milliseconds, *_ns nanoseconds; hashes are SHA-256 as lower-case hex
-- unless they are BLOBs; documents are Zstandard frames with their plain size beside
-- them (kept bytes: mostly with a dictionary, after a byte 1), or zlib streams of earlier releases.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a message that named itself: the same id and bytes get the same result again.
CREATE TABLE inbox (
  source TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sha256 BLOB NOT NULL,
  code INTEGER NOT NULL,
  document BLOB NOT NULL,
  document_size INTEGER NOT NULL,
  clock_ns INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (source, message_id)
) STRICT, WITHOUT ROWID;

-- rev grows with every change of anything a decision about the patient rests on.
CREATE TABLE patient (
  pk INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  rev INTEGER NOT NULL,
  known INTEGER NOT NULL DEFAULT 0,
  identifiers TEXT NOT NULL DEFAULT '',
  links TEXT NOT NULL DEFAULT '',
  due_ns INTEGER NOT NULL DEFAULT 0,
  decided_under TEXT NOT NULL DEFAULT '',
  UNIQUE (source, id)
) STRICT;
CREATE INDEX patient_due ON patient (due_ns) WHERE due_ns > 0;
CREATE INDEX patient_decided ON patient (decided_under) WHERE decided_under <> '';

CREATE TABLE identifier (
  system TEXT NOT NULL,
  value TEXT NOT NULL,
  patient INTEGER NOT NULL REFERENCES patient,
  PRIMARY KEY (system, value, patient)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifier_of_patient ON identifier (patient);

-- Patient.link within one source; the other Patient need not have arrived.
CREATE TABLE link (
  patient INTEGER NOT NULL REFERENCES patient,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  other TEXT NOT NULL,
  PRIMARY KEY (patient, type, source, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_to ON link (source, other);

-- The state in force of each resource, or the tombstone that keeps its order.
CREATE TABLE resource (
  pk INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  patient INTEGER REFERENCES patient,
  version TEXT NOT NULL,
  updated TEXT NOT NULL,
  content TEXT NOT NULL,
  view_digest TEXT NOT NULL,
  removed INTEGER NOT NULL,
  kept INTEGER, -- pk in kept of the bytes of this very state
  UNIQUE (source, type, id)
) STRICT;
CREATE INDEX resource_of_patient ON resource (patient) WHERE patient IS NOT NULL;
CREATE INDEX resource_views ON resource (view_digest) WHERE kept IS NOT NULL;

-- The bytes of every version that is kept.
CREATE TABLE kept (
  pk INTEGER PRIMARY KEY,
  resource INTEGER NOT NULL REFERENCES resource,
  version TEXT NOT NULL,
  updated TEXT NOT NULL,
  content TEXT NOT NULL,
  bytes BLOB NOT NULL,
  bytes_size INTEGER NOT NULL,
  kept_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_of_resource ON kept (resource);

CREATE TABLE view_row (
  resource INTEGER NOT NULL REFERENCES resource,
  view TEXT NOT NULL,
  n INTEGER NOT NULL,
  cells TEXT NOT NULL,
  view_digest TEXT NOT NULL,
  PRIMARY KEY (resource, view, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX view_row_by_view ON view_row (view);

CREATE TABLE mapping_set (
  digest TEXT PRIMARY KEY,
  document BLOB NOT NULL,
  document_size INTEGER NOT NULL,
  kept_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every verdict ever reached: the last one of a patient and study is in force.
CREATE TABLE verdict (
  pk INTEGER PRIMARY KEY,
  patient INTEGER NOT NULL REFERENCES patient,
  study TEXT NOT NULL,
  kind TEXT NOT NULL,
  document BLOB NOT NULL,
  document_size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  record_sha256 TEXT NOT NULL,
  mapping_digest TEXT NOT NULL,
  study_digest TEXT NOT NULL,
  library_version TEXT NOT NULL,
  clock TEXT NOT NULL,
  inputs TEXT NOT NULL,
  decided_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_of_patient ON verdict (patient, study, pk);

-- A Flag as decided. seq is the last number given to an outbox message of it.
CREATE TABLE flag (
  endpoint TEXT NOT NULL,
  identifier TEXT NOT NULL,
  study TEXT NOT NULL,
  patient_key TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT NOT NULL,
  period_start TEXT NOT NULL,
  period_end TEXT NOT NULL,
  hold_since TEXT NOT NULL,
  seq INTEGER NOT NULL,
  why TEXT NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (endpoint, identifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint TEXT NOT NULL,
  key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('ready', 'inflight', 'done', 'parked', 'superseded')),
  attempts INTEGER NOT NULL DEFAULT 0,
  recovered INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0,
  request_id TEXT NOT NULL DEFAULT '',
  last_class TEXT NOT NULL DEFAULT '',
  last_http INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  sent_ms INTEGER NOT NULL DEFAULT 0, -- begin of the attempt under way
  UNIQUE (endpoint, key, seq)
) STRICT;
CREATE INDEX outbox_state ON outbox (state, endpoint, id);

-- What a server is known to hold.
CREATE TABLE remote (
  endpoint TEXT NOT NULL,
  key TEXT NOT NULL,
  fhir_id TEXT NOT NULL,
  etag TEXT NOT NULL,
  seq INTEGER NOT NULL,
  body_sha256 TEXT NOT NULL,
  PRIMARY KEY (endpoint, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  pk INTEGER PRIMARY KEY,
  outbox INTEGER NOT NULL REFERENCES outbox,
  request_id TEXT NOT NULL,
  sent_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  class TEXT NOT NULL DEFAULT '',
  http INTEGER NOT NULL DEFAULT 0,
  outcome_sha256 TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempt_of_message ON attempt (outbox);

-- Which sender of an endpoint is the latest: an older one may no longer write.
CREATE TABLE sender (
  endpoint TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- hash = SHA-256(hash of the entry before, 32 zero bytes before the first, and the entry's text).
-- seals: what the rows written with it were, 41 bytes each (kind, key, SHA-256; zeros: deleted);
-- the entry has the SHA-256 of them all.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  entry TEXT NOT NULL,
  hash BLOB NOT NULL,
  seals BLOB
) STRICT;
