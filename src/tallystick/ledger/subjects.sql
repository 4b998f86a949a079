-- tenant_keys: all generations of a tenant's keys, newest first
SELECT generation, wrapped, lookup FROM tenant_key WHERE tenant = :tenant
ORDER BY generation DESC;

-- all_tenant_keys: every tenant's keys, for wrapping them under a new epoch key
SELECT tenant, generation, wrapped, lookup FROM tenant_key ORDER BY tenant, generation;

-- add_tenant_key: a new generation of a tenant's keys
INSERT INTO tenant_key (tenant, generation, wrapped, lookup)
VALUES (:tenant, :generation, :wrapped, :lookup);

-- rewrap_tenant_key: the same keys under another epoch key
UPDATE tenant_key SET wrapped = :wrapped, lookup = :lookup
WHERE tenant = :tenant AND generation = :generation;

-- drop_tenant_keys: destroy the generations before this one
DELETE FROM tenant_key WHERE tenant = :tenant AND generation < :generation;

-- state: the version up to which a door's cache about the tenant is valid
SELECT version FROM tenant_state WHERE tenant = :tenant;

-- add_state: a new tenant's first version
INSERT INTO tenant_state (tenant, version) VALUES (:tenant, 1);

-- bump_state: whatever the doors have cached about the tenant is stale from here
UPDATE tenant_state SET version = version + 1 WHERE tenant = :tenant;

-- by_lookups: the people with these keyed hashes of their ids
SELECT lookup, ref, generation, wrapped FROM unnest(:lookups) AS value
CROSS JOIN subject ON tenant = :tenant AND lookup = value.value;

-- by_ref: the subject with this ref
SELECT lookup, generation, wrapped FROM subject WHERE tenant = :tenant AND ref = :ref;

-- all_subjects: every subject of the tenant, a page at a time
SELECT ref, lookup, generation, wrapped FROM subject
WHERE tenant = :tenant AND ref > :after ORDER BY ref LIMIT :limit;

-- stale_subjects: those still wrapped under an older tenant key
SELECT ref, lookup, wrapped, generation FROM subject
WHERE tenant = :tenant AND generation < :generation LIMIT :limit;

-- add_subject: a person or a block, met for the first time
INSERT INTO subject (tenant, ref, lookup, generation, wrapped)
VALUES (:tenant, :ref, :lookup, :generation, :wrapped);

-- rewrap_subject: the same key under another tenant key
UPDATE subject SET wrapped = :wrapped, generation = :generation
WHERE tenant = :tenant AND ref = :ref;

-- drop_subject: destroy a subject's key
DELETE FROM subject WHERE tenant = :tenant AND ref = :ref;

-- survivor: the key of one event whose block was broken up
SELECT generation, wrapped FROM survivor
WHERE tenant = :tenant AND ref = :ref AND event_id = :event_id;

-- all_survivors: every such event of the tenant
SELECT ref, event_id, generation, wrapped FROM survivor WHERE tenant = :tenant;

-- stale_survivors: those still wrapped under an older tenant key
SELECT ref, event_id, wrapped, generation FROM survivor
WHERE tenant = :tenant AND generation < :generation LIMIT :limit;

-- add_survivor: keep the key of one event of a block that is broken up
INSERT INTO survivor (tenant, ref, event_id, generation, wrapped)
VALUES (:tenant, :ref, :event_id, :generation, :wrapped);

-- rewrap_survivor: the same key under another tenant key
UPDATE survivor SET wrapped = :wrapped, generation = :generation
WHERE tenant = :tenant AND ref = :ref AND event_id = :event_id;

-- drop_survivor: destroy the key of one event
DELETE FROM survivor WHERE tenant = :tenant AND ref = :ref AND event_id = :event_id;

-- slots: the logs of a tenant
SELECT slot FROM log WHERE tenant = :tenant ORDER BY slot;
