-- make_identity: whose state this is, and what its cosignatures vouch for
CREATE TABLE IF NOT EXISTS identity (
    one INTEGER PRIMARY KEY CHECK (one = 1), vkey TEXT NOT NULL, audits INTEGER NOT NULL
) STRICT;

-- make_cosigned: the newest checkpoint of each log that was cosigned
CREATE TABLE IF NOT EXISTS cosigned (
    log TEXT PRIMARY KEY, origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
    note TEXT NOT NULL, submitted BLOB NOT NULL, time_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- make_audited: how far the records of a super-log were audited
CREATE TABLE IF NOT EXISTS audited (
    log TEXT PRIMARY KEY, size INTEGER NOT NULL, frontier BLOB NOT NULL, epoch INTEGER NOT NULL,
    slots INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- make_slot: what was registered at each slot, and its head in the last audited epoch
CREATE TABLE IF NOT EXISTS slot (
    log TEXT NOT NULL, slot INTEGER NOT NULL, origin_hash BLOB NOT NULL, origin TEXT, size INTEGER,
    root BLOB, PRIMARY KEY (log, slot)
) STRICT, WITHOUT ROWID;

-- identify: the first one stays
INSERT INTO identity (one, vkey, audits) VALUES (1, :vkey, :audits) ON CONFLICT (one) DO NOTHING;

-- identity: whose it is
SELECT vkey, audits FROM identity;

-- newest: the newest cosigned checkpoint of a log
SELECT origin, size, root, note, submitted, time_s FROM cosigned WHERE log = :log;

-- every_newest: that of every log
SELECT origin, size, root, note, submitted, time_s FROM cosigned ORDER BY origin;

-- cosign: a newer one takes the place of the last
INSERT INTO cosigned (log, origin, size, root, note, submitted, time_s)
VALUES (:log, :origin, :size, :root, :note, :submitted, :time_s)
ON CONFLICT (log) DO UPDATE SET
    size = :size, root = :root, note = :note, submitted = :submitted, time_s = :time_s;

-- audited: how far a super-log was audited
SELECT size, frontier, epoch, slots FROM audited WHERE log = :log;

-- advance_audit: an audit went on
INSERT INTO audited (log, size, frontier, epoch, slots)
VALUES (:log, :size, :frontier, :epoch, :slots)
ON CONFLICT (log) DO UPDATE SET
    size = :size, frontier = :frontier, epoch = :epoch, slots = :slots;

-- slots: the registry and the heads of a super-log
SELECT slot, origin_hash, origin, size, root FROM slot WHERE log = :log ORDER BY slot;

-- register: a slot belongs to an origin for ever
INSERT INTO slot (log, slot, origin_hash) VALUES (:log, :slot, :origin_hash);

-- change: a slot has another head
UPDATE slot SET origin = :origin, size = :size, root = :root WHERE log = :log AND slot = :slot;
