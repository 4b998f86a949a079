"""ClickHouse as a library, served by ClickHouse's HTTP protocol to the other processes."""
