-- every: all cursors
SELECT follower, slot, next, root FROM cursor ORDER BY follower, slot;

-- of_follower: where a follower stands in each log
SELECT slot, next, root FROM cursor WHERE follower = :follower;

-- move: the follower has read up to here
INSERT INTO cursor (follower, slot, next, root) VALUES (:follower, :slot, :next, :root)
ON CONFLICT (follower, slot) DO UPDATE SET next = excluded.next, root = excluded.root;

-- forget: the follower starts again at 0
DELETE FROM cursor WHERE follower = :follower AND slot = :slot;

-- journal_end: the last commit
SELECT COALESCE(MAX(seq), 0) FROM journal;
