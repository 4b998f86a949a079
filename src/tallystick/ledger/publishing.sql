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

-- add_checkpoint: a super-checkpoint was signed
INSERT INTO checkpoint (size, epoch, signed_at, note)
VALUES (:size, :epoch, :signed_at, :note)
ON CONFLICT (size) DO UPDATE SET note = excluded.note;

-- latest: the newest super-checkpoint
SELECT size, epoch, signed_at, note FROM checkpoint ORDER BY size DESC LIMIT 1;

-- checkpoints: every super-checkpoint
SELECT size, epoch, signed_at, note FROM checkpoint ORDER BY size;

-- of_size: the super-checkpoint of this size
SELECT size, epoch, signed_at, note FROM checkpoint WHERE size = :size;
