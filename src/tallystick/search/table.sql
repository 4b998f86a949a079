-- counts: how many rows each log has, and the index after its last one
SELECT slot, count(), max(`index`) + 1 FROM {table:Identifier} GROUP BY slot;

-- drop_log: the rows of one log go
ALTER TABLE {table:Identifier} DELETE WHERE slot = {slot:UInt32};

-- drop_entries: the rows of some entries of one log go
ALTER TABLE {table:Identifier} DELETE
WHERE slot = {slot:UInt32} AND `index` IN {indexes:Array(UInt64)};

-- ids: which events the rows of a stretch of a log are
SELECT `index`, id FROM {table:Identifier}
WHERE tenant = {tenant:UInt32} AND stream = {stream:String} AND slot = {slot:UInt32}
    AND `index` >= {start:UInt64} AND `index` < {stop:UInt64}
ORDER BY `index`;

-- marked: rows that hold something of whom or what was erased, built before that
SELECT slot, `index` FROM {table:Identifier}
WHERE tenant = {tenant:UInt32} AND erasures < {erasures:UInt32}
    AND (hasAny(subject_refs, {refs:Array(FixedString(16))})
        OR id IN {ids:Array(FixedString(16))})
ORDER BY slot, `index` LIMIT {limit:UInt32};

-- identity: which table bears a name just now
SELECT toString(uuid) FROM system.tables
WHERE database = currentDatabase() AND name = {table:String};

-- old_parts: files of the table that nothing reads any more, and tables that are dropped
SELECT name FROM system.parts
WHERE database = currentDatabase() AND table = {table:String} AND NOT active
UNION ALL
-- A crash cuts a drop off: no name leads to the table after that, and it lies there still.
SELECT toString(uuid) FROM system.dropped_tables
WHERE database = currentDatabase() AND table IN ('events', 'events_next');

-- obeyed: rows that name whom or what was erased, built after that
SELECT slot, `index` FROM {table:Identifier}
WHERE tenant = {tenant:UInt32} AND erasures >= {erasures:UInt32}
    AND (hasAny(subject_refs, {refs:Array(FixedString(16))})
        OR id IN {ids:Array(FixedString(16))})
ORDER BY slot, `index` LIMIT {limit:UInt32};

-- drop_marked: rows that hold something of whom or what was erased go
ALTER TABLE {table:Identifier} DELETE
WHERE tenant = {tenant:UInt32} AND erasures < {erasures:UInt32}
    AND (hasAny(subject_refs, {refs:Array(FixedString(16))})
        OR id IN {ids:Array(FixedString(16))});
