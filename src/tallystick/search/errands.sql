-- ask: an operator wants something of a follower
INSERT INTO errand (id, follower, kind, state)
SELECT COALESCE(MAX(id), 0) + 1, :follower, :kind, 'asked' FROM errand;

-- newest: the last errand of its kind
SELECT id, kind, state, note, done, total FROM errand
WHERE follower = :follower AND kind = :kind ORDER BY id DESC LIMIT 1;

-- open: the oldest errand that is not at its end
SELECT id, kind, state, note, done, total FROM errand
WHERE follower = :follower AND state <> 'done' ORDER BY id LIMIT 1;

-- move: how far an errand is
UPDATE errand SET state = :state, note = :note, done = :done, total = :total WHERE id = :id;
