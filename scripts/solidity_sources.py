"""The project's Solidity sources, and which of them a source imports."""

from __future__ import annotations

import os
import re
from pathlib import Path

_IMPORT = re.compile(r'^import\s[^;]*?"([^"]+)"\s*;', re.MULTILINE)


def read_sources(root: Path) -> dict[str, str]:
    """Every Solidity source of the project by its path below `root`."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted((root / "contracts").rglob("*.sol"))
    }


def reach(path: str, sources: dict[str, str]) -> set[str]:
    """`path` and all of `sources` that it imports, at any distance."""
    found: set[str] = set()
    due = [path]
    while due:
        each = due.pop()
        if each in found:
            continue
        found.add(each)
        for target in _IMPORT.findall(sources[each]):
            imported = os.path.normpath(Path(each).parent / target).replace(os.sep, "/")
            if target.startswith(".") and imported in sources:
                due.append(imported)
    return found
