-- published: the heads of the last epoch, with the publisher's own frontiers
SELECT slot, epoch, size, root, frontier FROM published ORDER BY slot;

-- published_at: the head of one slot in its last epoch
SELECT epoch, size, root FROM published WHERE slot = :slot;

-- publish: a head enters an epoch
INSERT INTO published (slot, epoch, size, root, frontier)
VALUES (:slot, :epoch, :size, :root, :frontier)
ON CONFLICT (slot) DO UPDATE SET
  epoch = excluded.epoch, size = excluded.size,
  root = excluded.root, frontier = excluded.frontier;

-- note_change: the head of a slot changed in this epoch
INSERT INTO head_change (epoch, slot, size) VALUES (:epoch, :slot, :size);

-- changes: every change of a head, epoch by epoch
SELECT epoch, slot, size FROM head_change ORDER BY epoch, slot;

-- changes_in: the slots that one epoch changed, with the sizes before and after
SELECT c.slot, c.size, COALESCE(
  (SELECT p.size FROM head_change p WHERE p.slot = c.slot AND p.epoch < c.epoch
   ORDER BY p.epoch DESC LIMIT 1), 0)
FROM head_change c WHERE c.epoch = :epoch AND c.slot >= :start AND c.slot < :stop ORDER BY c.slot;

-- size_at: the size of one log as of an epoch
SELECT size FROM head_change WHERE slot = :slot AND epoch <= :epoch ORDER BY epoch DESC LIMIT 1;

-- sizes_of: how large one log was in each epoch that changed it
SELECT epoch, size FROM head_change WHERE slot = :slot ORDER BY epoch;

-- grown_between: the slots that changed after one epoch up to a later one, as of the later one
SELECT c.slot, c.size FROM head_change c JOIN
  (SELECT slot, MAX(epoch) AS epoch FROM head_change WHERE epoch > :after AND epoch <= :until
   GROUP BY slot) n ON n.slot = c.slot AND n.epoch = c.epoch
ORDER BY c.slot;

-- shrunk_between: the same slots, as of the earlier one
SELECT c.slot, COALESCE(
  (SELECT p.size FROM head_change p WHERE p.slot = c.slot AND p.epoch <= :after
   ORDER BY p.epoch DESC LIMIT 1), 0)
FROM (SELECT DISTINCT slot FROM head_change WHERE epoch > :after AND epoch <= :until) c
ORDER BY c.slot;

-- add_checkpoint: a super-checkpoint is published; what was published once never changes
INSERT INTO checkpoint (slot, size, epoch, signed_at, note, quorum)
VALUES (:slot, :size, :epoch, :signed_at, :note, :quorum)
ON CONFLICT (slot, size) DO NOTHING;

-- latest: the newest super-checkpoint
SELECT slot, size, epoch, signed_at, note, quorum FROM checkpoint
ORDER BY slot DESC, size DESC LIMIT 1;

-- checkpoints: every super-checkpoint
SELECT size, epoch, signed_at, note, slot FROM checkpoint ORDER BY slot, size;

-- of_size: the checkpoint of a super-log at this size
SELECT slot, size, epoch, signed_at, note, quorum FROM checkpoint
WHERE slot = :slot AND size = :size;

-- latest_of: the newest checkpoint of one super-log
SELECT slot, size, epoch, signed_at, note, quorum FROM checkpoint
WHERE slot = :slot ORDER BY size DESC LIMIT 1;

-- latest_cosigned: the newest checkpoint of one super-log that had its quorum
SELECT slot, size, epoch, signed_at, note, quorum FROM checkpoint
WHERE slot = :slot AND quorum = 1 ORDER BY size DESC LIMIT 1;

-- up_to_epoch: the newest super-checkpoint of this epoch or an earlier one
SELECT slot, size, epoch, signed_at, note, quorum FROM checkpoint WHERE epoch <= :epoch
ORDER BY epoch DESC LIMIT 1;

-- last_quorum: when the newest super-checkpoint that had its quorum was signed
SELECT MAX(signed_at) FROM checkpoint WHERE quorum = 1;

-- note_witness: what a witness said
INSERT INTO witness (name, asked_at, cosigned_at, problem)
VALUES (:name, :asked_at, :cosigned_at, :problem)
ON CONFLICT (name) DO UPDATE SET
  asked_at = excluded.asked_at, problem = excluded.problem,
  cosigned_at = COALESCE(excluded.cosigned_at, witness.cosigned_at);

-- forget_witnesses: drop those that were not asked this time
DELETE FROM witness WHERE asked_at <> :asked_at;

-- witnesses: what each witness said last
SELECT name, asked_at, cosigned_at, problem FROM witness ORDER BY name;
