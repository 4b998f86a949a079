-- Who may do what, and what a tenant declares: projections of the control entries. Each row names
-- the entry that made it (slot, index), so that a change made in the table alone is traced.

CREATE TABLE tenant (
  tenant      INTEGER PRIMARY KEY,
  name        TEXT    NOT NULL UNIQUE,
  created_at  BIGINT  NOT NULL,
  closed_at   BIGINT,
  slot        BIGINT  NOT NULL,
  idx         BIGINT  NOT NULL
);

CREATE TABLE api_key (
  key_id      TEXT    NOT NULL PRIMARY KEY,
  hash        BLOB    NOT NULL UNIQUE,
  label       TEXT    NOT NULL,
  scopes      TEXT    NOT NULL,
  tenants     TEXT    NOT NULL,
  limits      TEXT    NOT NULL,
  created_at  BIGINT  NOT NULL,
  expires_at  BIGINT,
  revoked_at  BIGINT,
  slot        BIGINT  NOT NULL,
  idx         BIGINT  NOT NULL
) WITHOUT ROWID;

CREATE TABLE catalogue (
  tenant  BIGINT NOT NULL,
  action  TEXT   NOT NULL,
  entry   TEXT   NOT NULL,
  slot    BIGINT NOT NULL,
  idx     BIGINT NOT NULL,
  PRIMARY KEY (tenant, action)
) WITHOUT ROWID;
