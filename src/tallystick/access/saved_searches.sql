-- put: a saved_search.created or saved_search.changed entry
INSERT INTO saved_search (tenant, id, owner, shared, slot, idx)
VALUES (:tenant, :id, :owner, :shared, :slot, :idx)
ON CONFLICT (tenant, id) DO UPDATE SET
  shared = excluded.shared, slot = excluded.slot, idx = excluded.idx;

-- drop: a saved_search.deleted entry
DELETE FROM saved_search WHERE tenant = :tenant AND id = :id;

-- one: a saved search of a tenant
SELECT tenant, id, owner, shared, slot, idx FROM saved_search
WHERE tenant = :tenant AND id = :id;

-- every: a part of the saved searches of a tenant that somebody may see
SELECT tenant, id, owner, shared, slot, idx FROM saved_search
WHERE tenant = :tenant AND id > :after AND (shared = 1 OR owner = :owner OR :all_of_them = 1)
ORDER BY id LIMIT :limit;

-- count: how many a tenant has
SELECT COUNT(*) FROM saved_search WHERE tenant = :tenant;

-- projection: the whole table, for comparison with the entries
SELECT tenant, id, owner, shared, slot, idx FROM saved_search ORDER BY tenant, id;
