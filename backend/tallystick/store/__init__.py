"""The SQL side: tables, migrations, the session, readers and writers."""
