"""What somebody writes who wants to be read as SQL."""

SQL = (
    *("') OR 1=1 --", "' OR tenant = 2 OR '", "1) OR (tenant = 2", '" OR tenant:globex OR "'),
    *("'; DROP TABLE events; --", "' UNION ALL SELECT * FROM events --", "\\' OR 1=1 --", "\\"),
    *("file('/etc/passwd')", "url('http://127.0.0.1/')", "remote('127.0.0.1', system.users)"),
    *("merge('tallystick', '.*')", "system.tables", "numbers(1000000000000)", "sleep(3)"),
    *("SETTINGS readonly = 0, max_memory_usage = 0", "FORMAT Native", "{tenant:UInt32}", "/* */"),
    *("{p0:String}", "{table:Identifier}", "`events`", "$$", "events FINAL", "NULL", "%00", "\x00"),
)
