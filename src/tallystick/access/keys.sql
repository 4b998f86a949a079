-- by_id: the key with this public id
SELECT key_id, hash, label, scopes, tenants, limits, created_at, expires_at, revoked_at
FROM api_key WHERE key_id = :key_id;

-- every: all keys
SELECT key_id, hash, label, scopes, tenants, limits, created_at, expires_at, revoked_at
FROM api_key ORDER BY created_at, key_id;

-- add: a key.created entry
INSERT INTO api_key (key_id, hash, label, scopes, tenants, limits, created_at, expires_at,
  revoked_at, slot, idx)
VALUES (:key_id, :hash, :label, :scopes, :tenants, :limits, :created_at, :expires_at,
  NULL, :slot, :idx);

-- revoke: a key.revoked entry
UPDATE api_key SET revoked_at = :revoked_at WHERE key_id = :key_id;

-- projection: the whole table, for comparison with the entries
SELECT key_id, hash, label, scopes, tenants, limits, created_at, expires_at, revoked_at, slot, idx
FROM api_key ORDER BY key_id;
