"""Writes a migration for what `store/tables.py` has and the migrations do not: MESSAGE.

    python scripts/write_migration.py "Add holidays"

Read what it wrote before committing it. `--initial` writes the initial migration anew, which is
right only until a version with it has been released.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from alembic import command

from tallystick.store.schema import MIGRATIONS, alembic_config
from tallystick.store.session import open_store


def main(arguments: list[str]) -> None:
    is_initial = arguments == ["--initial"]
    config = alembic_config()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/empty.db")
        if is_initial:
            for path in MIGRATIONS.glob("versions/0*.py"):
                path.unlink()
        else:
            store.upgrade()
        with store.begin() as session:
            config.attributes["session"] = session
            command.revision(
                config,
                message="Initial tables" if is_initial else arguments[0],
                rev_id="0001" if is_initial else None,
                autogenerate=True,
            )
        store.close()
    versions = str(MIGRATIONS / "versions")
    for arguments_of_ruff in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments_of_ruff, versions], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
