-- Witnesses: whether a super-checkpoint had its quorum when it was published, and what each
-- witness last said. Nothing is proven by these columns; the notes prove.

ALTER TABLE checkpoint ADD COLUMN quorum BIGINT NOT NULL DEFAULT 0;
CREATE INDEX checkpoint_quorum ON checkpoint (quorum, signed_at);
CREATE INDEX checkpoint_epoch ON checkpoint (epoch);

-- The head of a slot as of a past epoch is the newest change up to there.
CREATE INDEX head_change_slot ON head_change (slot, epoch);

CREATE TABLE witness (
  name         TEXT   NOT NULL PRIMARY KEY,
  asked_at     BIGINT NOT NULL,
  cosigned_at  BIGINT,
  problem      TEXT   NOT NULL
) WITHOUT ROWID;
