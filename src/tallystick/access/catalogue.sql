-- put: a catalogue.changed entry
INSERT INTO catalogue (tenant, action, entry, slot, idx)
VALUES (:tenant, :action, :entry, :slot, :idx)
ON CONFLICT (tenant, action) DO UPDATE SET
  entry = excluded.entry, slot = excluded.slot, idx = excluded.idx;

-- one: what a tenant has declared about an action
SELECT entry FROM catalogue WHERE tenant = :tenant AND action = :action;

-- projection: the whole table, for comparison with the entries
SELECT tenant, action, entry, slot, idx FROM catalogue ORDER BY tenant, action;
