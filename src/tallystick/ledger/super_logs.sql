-- statements: what the root key said, in order
SELECT serial, note FROM statement ORDER BY serial;

-- add_statement: the root key's word about a new super-log
INSERT INTO statement (serial, note) VALUES (:serial, :note);
