-- by_hex: the log with this public id
SELECT slot, hex, tenant, stream FROM log WHERE hex = :hex;

-- by_slot: the log at this slot
SELECT slot, hex, tenant, stream FROM log WHERE slot = :slot;

-- of_tenant: the logs of one tenant
SELECT slot, hex, tenant, stream FROM log WHERE tenant = :tenant ORDER BY slot;

-- all_logs: every log
SELECT slot, hex, tenant, stream FROM log ORDER BY slot;

-- super_logs: the super-logs, in their order
SELECT slot, hex, tenant, stream FROM log WHERE slot >= :first ORDER BY slot;

-- next_slot: the slot after the last log of a tenant
SELECT COALESCE(MAX(slot) + 1, 0) FROM log WHERE slot < :limit;

-- add_log: a new log at its permanent slot
INSERT INTO log (slot, hex, tenant, stream) VALUES (:slot, :hex, :tenant, :stream);

-- deployment: a fact about this deployment
SELECT value FROM deployment WHERE name = :name;

-- add_deployment: a fact that is settled once
INSERT INTO deployment (name, value) VALUES (:name, :value);

-- heads: the state of every log
SELECT slot, size, root FROM head ORDER BY slot;
