-- refs: what erasures of this tenant name
SELECT ref FROM erased WHERE tenant = :tenant;

-- add: an erasure entry names this subject, or this event
INSERT INTO erased (tenant, ref, slot, idx) VALUES (:tenant, :ref, :slot, :idx)
ON CONFLICT (tenant, ref) DO NOTHING;

-- projection: the whole table, for comparison with the entries
SELECT tenant, ref, slot, idx FROM erased ORDER BY tenant, ref;

-- count: how many names the erasures of this tenant have
SELECT COUNT(*) FROM erased WHERE tenant = :tenant;
