-- by_name: the tenant with this name
SELECT tenant, name, created_at, closed_at FROM tenant WHERE name = :name;

-- by_number: the tenant with this number
SELECT tenant, name, created_at, closed_at FROM tenant WHERE tenant = :tenant;

-- every: all tenants
SELECT tenant, name, created_at, closed_at FROM tenant ORDER BY tenant;

-- next_number: the number after the last tenant's
SELECT COALESCE(MAX(tenant) + 1, 1) FROM tenant;

-- add: a tenant.created entry
INSERT INTO tenant (tenant, name, created_at, closed_at, slot, idx)
VALUES (:tenant, :name, :created_at, NULL, :slot, :idx);

-- projection: the whole table, for comparison with the entries
SELECT tenant, name, created_at, closed_at, slot, idx FROM tenant ORDER BY tenant;
