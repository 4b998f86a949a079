-- of_tenant: what a tenant has declared
SELECT action, entry FROM catalogue WHERE tenant = :tenant;
