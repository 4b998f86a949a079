-- More than one super-log: each change of the deployment's key begins a new one, at the next slot.

CREATE TABLE checkpoint_of_any (
  slot       BIGINT NOT NULL DEFAULT 4194304,
  size       BIGINT NOT NULL,
  epoch      BIGINT NOT NULL,
  signed_at  BIGINT NOT NULL,
  note       TEXT   NOT NULL,
  quorum     BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (slot, size)
);
INSERT INTO checkpoint_of_any (size, epoch, signed_at, note, quorum)
SELECT size, epoch, signed_at, note, quorum FROM checkpoint;
DROP TABLE checkpoint;
ALTER TABLE checkpoint_of_any RENAME TO checkpoint;
CREATE INDEX checkpoint_quorum ON checkpoint (quorum, signed_at);
CREATE INDEX checkpoint_epoch ON checkpoint (epoch);

-- What the root key said about each super-log but the first: a signed note.
CREATE TABLE statement (
  serial  INTEGER PRIMARY KEY,
  note    TEXT    NOT NULL
);
