-- Followers whose own store has no transaction that could hold their cursor, too.

-- What such a follower is about to take over: entries [start, stop) of logs, under one token. It
-- stands here before the follower's store is touched, and goes together with the cursor's move.
CREATE TABLE plan (
  follower  TEXT   NOT NULL,
  slot      BIGINT NOT NULL,
  start     BIGINT NOT NULL,
  stop      BIGINT NOT NULL,
  token     TEXT   NOT NULL,
  PRIMARY KEY (follower, slot)
) WITHOUT ROWID;

-- Entries that a follower could not take over, and passed by.
CREATE TABLE parked (
  follower  TEXT   NOT NULL,
  slot      BIGINT NOT NULL,
  idx       BIGINT NOT NULL,
  reason    TEXT   NOT NULL,
  PRIMARY KEY (follower, slot, idx)
) WITHOUT ROWID;

-- Names of erasures of which nothing is left in a follower's store.
CREATE TABLE scrubbed (
  follower  TEXT   NOT NULL,
  tenant    BIGINT NOT NULL,
  ref       BLOB   NOT NULL,
  PRIMARY KEY (follower, tenant, ref)
) WITHOUT ROWID;

-- What an operator wants a follower to do, how far that is, and what came of it (JSON).
CREATE TABLE errand (
  id        INTEGER PRIMARY KEY,
  follower  TEXT   NOT NULL,
  kind      TEXT   NOT NULL,
  state     TEXT   NOT NULL,
  note      TEXT   NOT NULL DEFAULT '',
  done      BIGINT NOT NULL DEFAULT 0,
  total     BIGINT NOT NULL DEFAULT 0
);
