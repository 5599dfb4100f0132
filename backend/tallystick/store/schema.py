"""The schema's revisions, through Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from tallystick.store.session import Session

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(session: Session) -> None:
    """Runs the revisions the database lacks."""
    command.upgrade(alembic_config(session), "head")


def revisions(session: Session) -> tuple[str | None, str | None]:
    """The database's revision (None without tables) and this version's."""
    found = MigrationContext.configure(session).get_current_revision()
    return found, ScriptDirectory.from_config(alembic_config()).get_current_head()


def alembic_config(session: Session | None = None) -> Config:
    """Alembic's settings, made here so that no file has to be found; it works on `session`."""
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["session"] = session
    return config
