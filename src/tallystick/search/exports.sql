-- add: an export that was asked for
INSERT INTO export (id, tenant, owner, format, state, generation, wrapped, question, progress,
  entries, created_at, expires_at)
VALUES (:id, :tenant, :owner, :format, 'waiting', :generation, :wrapped, :question, :progress,
  :entries, :created_at, :expires_at);

-- one: an export
SELECT id, tenant, owner, format, state, generation, wrapped, question, manifest, progress,
  entries, passed, written, size, created_at, expires_at
FROM export WHERE id = :id;

-- of_tenant: a part of a tenant's exports
SELECT id, tenant, owner, format, state, generation, wrapped, question, manifest, progress,
  entries, passed, written, size, created_at, expires_at
FROM export WHERE tenant = :tenant AND id > :after AND (owner = :owner OR :all_of_them = 1)
ORDER BY id LIMIT :limit;

-- every: all of them, whatever state they are in
SELECT id, tenant, owner, format, state, generation, wrapped, question, manifest, progress,
  entries, passed, written, size, created_at, expires_at
FROM export ORDER BY id;

-- count: how many of a tenant are under way or can be fetched
SELECT COUNT(*) FROM export WHERE tenant = :tenant AND state IN ('waiting', 'running', 'done');

-- generation: of the key that seals what belongs to a tenant now
SELECT MAX(generation) FROM tenant_key WHERE tenant = :tenant;

-- move: how far an export is
UPDATE export SET state = :state, progress = :progress, passed = :passed, written = :written,
  size = :size, manifest = :manifest
WHERE id = :id AND state IN ('waiting', 'running');

-- end: nothing can be fetched any more
UPDATE export SET state = :state, wrapped = NULL, question = NULL, manifest = NULL
WHERE id = :id;

-- drop: it is forgotten
DELETE FROM export WHERE id = :id;

-- add_piece: a piece that is on disk
INSERT INTO export_piece (export, number, start, stop, place, length)
VALUES (:export, :number, :start, :stop, :place, :length);

-- pieces: those from the one on that ends behind a byte
SELECT number, start, stop, place, length FROM export_piece
WHERE export = :export AND stop > :behind ORDER BY number LIMIT :limit;

-- last_piece: the one that was written last
SELECT number, start, stop, place, length FROM export_piece
WHERE export = :export ORDER BY number DESC LIMIT 1;

-- drop_pieces: its file is gone, or goes
DELETE FROM export_piece WHERE export = :export;
