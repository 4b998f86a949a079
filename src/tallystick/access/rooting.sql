-- projection: the pinned root key, for comparison with the entries
SELECT value, 0, NULL FROM deployment WHERE name = 'root';
