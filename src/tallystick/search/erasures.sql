-- waiting: what was erased of a tenant and may still be in a follower's store
SELECT erased.ref FROM erased
LEFT JOIN scrubbed ON scrubbed.follower = :follower
  AND scrubbed.tenant = erased.tenant AND scrubbed.ref = erased.ref
WHERE erased.tenant = :tenant AND scrubbed.ref IS NULL
ORDER BY erased.ref;

-- tenants: whose erasures may still be in a follower's store
SELECT DISTINCT erased.tenant FROM erased
LEFT JOIN scrubbed ON scrubbed.follower = :follower
  AND scrubbed.tenant = erased.tenant AND scrubbed.ref = erased.ref
WHERE scrubbed.ref IS NULL ORDER BY erased.tenant;

-- certify: nothing of it is left in the follower's store
INSERT INTO scrubbed (follower, tenant, ref) VALUES (:follower, :tenant, :ref)
ON CONFLICT (follower, tenant, ref) DO NOTHING;

-- doubt: the follower's store is another one, of which nothing is known
DELETE FROM scrubbed WHERE follower = :follower;
