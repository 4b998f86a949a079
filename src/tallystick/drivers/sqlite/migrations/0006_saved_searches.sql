-- Saved searches: a projection of their entries in the tenants' audit logs. What is looked for, and
-- what it is called, stands sealed in the entry (slot, idx) alone: whom an erasure takes out of
-- there is here no more either.

CREATE TABLE saved_search (
  tenant  BIGINT NOT NULL,
  id      TEXT   NOT NULL,
  owner   TEXT   NOT NULL,
  shared  BIGINT NOT NULL,
  slot    BIGINT NOT NULL,
  idx     BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
) WITHOUT ROWID;
