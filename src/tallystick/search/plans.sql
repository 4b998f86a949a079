-- of_follower: what a follower is about to take over
SELECT slot, start, stop, token FROM plan WHERE follower = :follower ORDER BY slot;

-- add: one log's share of a plan
INSERT INTO plan (follower, slot, start, stop, token)
VALUES (:follower, :slot, :start, :stop, :token);

-- drop: it is carried out, or can't be
DELETE FROM plan WHERE follower = :follower;

-- park: an entry that the follower passes by
INSERT INTO parked (follower, slot, idx, reason) VALUES (:follower, :slot, :idx, :reason)
ON CONFLICT (follower, slot, idx) DO UPDATE SET reason = excluded.reason;

-- unpark: the follower starts the log again
DELETE FROM parked WHERE follower = :follower AND slot = :slot;

-- parked_counts: how many entries of each log were passed by
SELECT slot, COUNT(*) FROM parked WHERE follower = :follower GROUP BY slot;

-- parked: which entries were passed by, and why
SELECT slot, idx, reason FROM parked WHERE follower = :follower ORDER BY slot, idx;
