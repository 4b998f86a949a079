-- The ledger: logs, entries, tiles, heads, journal, keys of the tenants and of their subjects.

CREATE TABLE log (
  slot    INTEGER PRIMARY KEY,
  hex     TEXT    NOT NULL UNIQUE,
  tenant  BIGINT  NOT NULL,
  stream  TEXT    NOT NULL,
  UNIQUE (tenant, stream)
);

-- id = slot * 2^40 + index: the entries of a log lie together, without a second index. The hash
-- stands before the leaf, so that reading it does not walk through a large leaf's pages.
CREATE TABLE entry (
  id          INTEGER PRIMARY KEY,
  tenant      BIGINT  NOT NULL,
  event_id    BLOB    NOT NULL,
  leaf_hash   BLOB    NOT NULL,
  leaf        BLOB,
  disclosure  BLOB
);
CREATE UNIQUE INDEX entry_event ON entry (tenant, event_id);

CREATE TRIGGER entry_keeps_its_leaf BEFORE UPDATE ON entry
WHEN NEW.id IS NOT OLD.id OR NEW.tenant IS NOT OLD.tenant OR NEW.event_id IS NOT OLD.event_id
  OR NEW.leaf_hash IS NOT OLD.leaf_hash OR (NEW.leaf IS NOT NULL AND NEW.leaf IS NOT OLD.leaf)
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;

CREATE TRIGGER entry_stays BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;

-- id = slot * 2^40 + level * 2^36 + index of the tile. Its 256 hashes stand in the rows that they
-- come from (leaf hashes of entries, roots of the tiles one level down); here, a checksum of each.
CREATE TABLE tile (
  id         INTEGER PRIMARY KEY,
  root       BLOB NOT NULL,
  checksums  BLOB NOT NULL
);

CREATE TABLE head (
  slot         INTEGER PRIMARY KEY,
  size         BIGINT  NOT NULL,
  root         BLOB    NOT NULL,
  frontier     BLOB    NOT NULL,
  received_at  BIGINT  NOT NULL
);

-- Rows are only added, so that the next seq is above all earlier ones; AUTOINCREMENT would write
-- one page more in each commit.
CREATE TABLE journal (
  seq    INTEGER PRIMARY KEY,
  slot   BIGINT NOT NULL,
  start  BIGINT NOT NULL,
  stop   BIGINT NOT NULL
);

-- The next index a follower reads from a log, and the log's root at that size.
CREATE TABLE cursor (
  follower  TEXT   NOT NULL,
  slot      BIGINT NOT NULL,
  next      BIGINT NOT NULL,
  root      BLOB   NOT NULL,
  PRIMARY KEY (follower, slot)
) WITHOUT ROWID;

-- A tenant's keys, wrapped by the deployment's epoch key. The row with the highest generation
-- seals; older ones live only until every subject key is wrapped anew.
CREATE TABLE tenant_key (
  tenant      BIGINT NOT NULL,
  generation  BIGINT NOT NULL,
  wrapped     BLOB   NOT NULL,
  lookup      BLOB   NOT NULL,
  PRIMARY KEY (tenant, generation)
) WITHOUT ROWID;

-- What a door may have cached about a tenant (subjects, catalogue) is valid while this stands.
CREATE TABLE tenant_state (
  tenant   INTEGER PRIMARY KEY,
  version  BIGINT NOT NULL
);

-- A person (lookup: keyed hash of their id) or a block of events without one (lookup NULL). Refs
-- come in runs with the same first bytes, so that new rows lie together; lookups lie anywhere.
CREATE TABLE subject (
  tenant      BIGINT NOT NULL,
  ref         BLOB   NOT NULL,
  lookup      BLOB,
  generation  BIGINT NOT NULL,
  wrapped     BLOB   NOT NULL,
  PRIMARY KEY (tenant, ref)
) WITHOUT ROWID;
CREATE UNIQUE INDEX subject_lookup ON subject (tenant, lookup) WHERE lookup IS NOT NULL;

-- The keys of single events whose block was broken up by an erasure.
CREATE TABLE survivor (
  tenant      BIGINT NOT NULL,
  ref         BLOB   NOT NULL,
  event_id    BLOB   NOT NULL,
  generation  BIGINT NOT NULL,
  wrapped     BLOB   NOT NULL,
  PRIMARY KEY (tenant, ref, event_id)
) WITHOUT ROWID;

-- What was erased: a projection of the subject.erased entries.
CREATE TABLE erased (
  tenant  BIGINT NOT NULL,
  ref     BLOB   NOT NULL,
  slot    BIGINT NOT NULL,
  idx     BIGINT NOT NULL,
  PRIMARY KEY (tenant, ref)
) WITHOUT ROWID;

-- The head of each log as last published, with the publisher's own frontier.
CREATE TABLE published (
  slot      INTEGER PRIMARY KEY,
  epoch     BIGINT NOT NULL,
  size      BIGINT NOT NULL,
  root      BLOB   NOT NULL,
  frontier  BLOB   NOT NULL
);

-- (epoch, slot, size) of every change, so that slot proofs of past epochs can be made.
CREATE TABLE head_change (
  epoch  BIGINT NOT NULL,
  slot   BIGINT NOT NULL,
  size   BIGINT NOT NULL,
  PRIMARY KEY (epoch, slot)
) WITHOUT ROWID;

-- Every signed super-checkpoint; note holds the signature lines known so far.
CREATE TABLE checkpoint (
  size       INTEGER PRIMARY KEY,
  epoch      BIGINT NOT NULL,
  signed_at  BIGINT NOT NULL,
  note       TEXT   NOT NULL
);

CREATE TABLE deployment (
  name   TEXT NOT NULL PRIMARY KEY,
  value  TEXT NOT NULL
) WITHOUT ROWID;
