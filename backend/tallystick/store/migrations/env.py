"""How Alembic runs the migrations: on the session `Store.upgrade` opened, or on a given engine."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from tallystick.store.columns import UtcDateTime
from tallystick.store.tables import metadata


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A revision must not change when this project's own types do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["session"],
    target_metadata=metadata,
    render_item=_render,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
