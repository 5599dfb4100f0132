"""The project's documents, and the parts of one that tests look at."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
DECISIONS = ROOT / "docs" / "adr"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

_CODE = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_RULE = re.compile(r"\|[-| :]+\|")


def codes(page: Path) -> list[str]:
    """Everything a page sets as code: inline pieces, and the lines of code blocks."""
    found: list[str] = []
    for block, inline in _CODE.findall(page.read_text(encoding="utf-8")):
        found += block.splitlines() if block else [inline]
    return found


def table(page: Path, first_heading: str) -> list[list[str]]:
    """Rows of the one table whose first column has that heading, without its head."""
    rows: list[list[str]] = []
    is_inside = False
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_inside = False
        elif cells[0] == first_heading:
            assert not rows, f"{page.name} has two tables headed {first_heading}"
            is_inside = True
        elif is_inside and not _RULE.fullmatch(line):
            rows.append(cells)
    assert rows, f"{page.name} has no table headed {first_heading}"
    return rows


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    without_code = _CODE.sub(lambda code: code[2] or "", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}
