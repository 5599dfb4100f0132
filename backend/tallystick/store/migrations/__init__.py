"""Alembic migrations, run from code by `Store.upgrade`."""
