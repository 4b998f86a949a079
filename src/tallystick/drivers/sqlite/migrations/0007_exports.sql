-- Exports under way and those that can be fetched. What was asked, and the manifest, are sealed
-- under the export's own key; that is wrapped under the tenant's key of one generation, which no
-- erasure outlives. What was exported, by whom and when, the tenant's access stream tells.

CREATE TABLE export (
  id          TEXT    NOT NULL PRIMARY KEY,
  tenant      BIGINT  NOT NULL,
  owner       TEXT    NOT NULL,
  format      TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  generation  BIGINT  NOT NULL,
  wrapped     BLOB,
  question    BLOB,
  manifest    BLOB,
  progress    TEXT    NOT NULL,
  entries     BIGINT  NOT NULL,
  passed      BIGINT  NOT NULL DEFAULT 0,
  written     BIGINT  NOT NULL DEFAULT 0,
  size        BIGINT  NOT NULL DEFAULT 0,
  created_at  BIGINT  NOT NULL,
  expires_at  BIGINT  NOT NULL
) WITHOUT ROWID;

-- The pieces of an export's file: bytes [start, stop) of what is fetched are sealed in bytes
-- [place, place + length) of the file. A piece stands here only after it is on disk.
CREATE TABLE export_piece (
  export  TEXT   NOT NULL,
  number  BIGINT NOT NULL,
  start   BIGINT NOT NULL,
  stop    BIGINT NOT NULL,
  place   BIGINT NOT NULL,
  length  BIGINT NOT NULL,
  PRIMARY KEY (export, number)
) WITHOUT ROWID;
