-- SPDX-License-Identifier: Apache-2.0
-- A store as releases with schema 1 wrote it: a message of one resource with one row, a message in flight whose
-- attempt had begun, one that waits, one that is done with its attempt. zlib streams and the audit trail's hashes were
-- computed with Python.
PRAGMA journal_mode = WAL;
BEGIN;

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE TABLE link (
  patient INTEGER NOT NULL REFERENCES patient,
  type TEXT NOT NULL,
  source TEXT NOT NULL,
  other TEXT NOT NULL,
  PRIMARY KEY (patient, type, source, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_to ON link (source, other);

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
  UNIQUE (endpoint, key, seq)
) STRICT;
CREATE INDEX outbox_state ON outbox (state, endpoint, key, seq);

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

CREATE TABLE sender (
  endpoint TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  entry TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
INSERT INTO meta VALUES ('siteKey', 'abc');
INSERT INTO patient (pk, source, id, rev, known) VALUES (1, 'a', 'p1', 1, 0);
INSERT INTO resource VALUES (1, 'a', 'Observation', 'o1', 1, '1', '', 'c1', 'd1', 0, 1);
INSERT INTO kept VALUES (1, 1, '1', '', 'c1', X'785eab562a4a2dce2f2d4a4e0da92c4855b252f24f2a4e2d2a4b2cc9cccf53d251ca4c010ae51b0259658939a5a99e7925a9e9a9454a56e6b50046b71378', 57, 1700000000000);
INSERT INTO view_row VALUES (1, 'things', 0, '["7.60",null]', 'd1');
INSERT INTO outbox VALUES (1, 'ehr', 'k1', 1, 'body 1', 'e92b667eb438d66f429e37c1aab76513c1953666b7cb7997f739bfa786723cfd', 'inflight', 2, 0, 0, 'r-flight', '', 0, '', '', 1700000000000, 0);
INSERT INTO flag VALUES ('ehr', 'k1', 'nct1', 'a|p1', 'active', 'eligible', '2023-11-14T22:13:20Z', '', '', 2, 'eligible', 1700000000000);
INSERT INTO outbox VALUES (2, 'ehr', 'k2', 1, 'body 2', '1997ebe7ee9800e9fe8e16532432e53caf64130b3017bd4dd8bc4698e8b3ed1f', 'ready', 0, 0, 0, '', '', 0, '', '', 1700000000000, 0);
INSERT INTO flag VALUES ('ehr', 'k2', 'nct1', 'a|p2', 'active', 'eligible', '2023-11-14T22:13:20Z', '', '', 1, 'eligible', 1700000000000);
INSERT INTO outbox VALUES (3, 'ehr', 'k3', 1, 'body 3', 'fc6ac673edd9009439a62bd002b3a5085aa3d275efc2d15ebd61c354c88cbe06', 'done', 1, 0, 0, 'r-done', '', 0, '', '', 1700000000000, 1700000003000);
INSERT INTO flag VALUES ('ehr', 'k3', 'nct1', 'a|p3', 'active', 'eligible', '2023-11-14T22:13:20Z', '', '', 1, 'eligible', 1700000000000);
INSERT INTO outbox VALUES (4, 'ehr', 'k1', 2, 'body 4', '48333fe318127e2d0b7b6606d54aa006832ead656ff9bcc4dc6075afcae198de', 'ready', 0, 0, 0, '', '', 0, '', '', 1700000000000, 0);
INSERT INTO attempt VALUES (1, 1, 'r-first', 1700000001000, 1700000001500, 'retry', 503, '');
INSERT INTO attempt VALUES (2, 3, 'r-done', 1700000002000, 1700000003000, 'ok', 201, '');
INSERT INTO attempt VALUES (3, 1, 'r-flight', 1700000004000, 0, '', 0, '');
INSERT INTO remote VALUES ('ehr', 'k3', 'f3', 'W/"1"', 1, 'fc6ac673edd9009439a62bd002b3a5085aa3d275efc2d15ebd61c354c88cbe06');
INSERT INTO sender VALUES ('ehr', 1);
INSERT INTO audit VALUES (1, '{"seq":1,"utc":"2023-11-14T22:13:20.000Z","mono":1,"boot":"00000000-0000-4000-8000-000000000000","version":"0.1.0","action":"message","source":"a","message":"","sha256":"0000000000000000000000000000000000000000000000000000000000000000","code":0,"clockNs":1700000000000000000,"resources":1,"rows":1}', X'069e63645e91e8c708619126c87e79df6ad0d38b2e508ba52b8d1b0517f67844');
INSERT INTO audit VALUES (2, '{"seq":2,"utc":"2023-11-14T22:13:20.000Z","mono":2,"boot":"00000000-0000-4000-8000-000000000000","version":"0.1.0","action":"sender","endpoint":"ehr","epoch":1,"recovered":0}', X'389d93c4561c76ca5155c2cb23591c759e29543d39f1b572a2d862cd0e372509');
PRAGMA application_id = 1179145298;
PRAGMA user_version = 1;
COMMIT;
