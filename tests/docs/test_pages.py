"""Links lead somewhere, decisions are listed, words are said once, nothing tells of a machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DECISIONS, GLOSSARY, PAGES, ROOT, anchors

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TELLTALE = re.compile(r"(?<![\w.])/(tmp|root|home|work|Users)/|url\(\"?http|cdn|pythonhosted")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            if path := link.partition("#")[0]:
                ahead.append((page.parent / path).resolve())

    assert set(PAGES) <= reached


def test_decisions_are_numbered_listed_and_complete() -> None:
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+?)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    kept = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))

    assert [name for _, name, _ in listed] == kept
    assert [int(number) for number, _, _ in listed] == list(range(1, len(kept) + 1))
    for number, name, _ in listed:
        text = (DECISIONS / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {number} ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
            "Context", "Decision", "Consequence",
        ]  # fmt: skip


def test_a_word_has_one_entry() -> None:
    rows = re.findall(r"^\| (.+?) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    terms = [
        term.strip()
        for row in rows
        if row not in ("Term", "---") and not row.startswith("---")
        for term in re.sub(r"[一-鿿]+", "", row).split(" / ")
    ]

    assert len(terms) > 100
    assert sorted(terms) == sorted(set(terms))


def test_no_page_or_picture_tells_of_a_machine_or_a_download() -> None:
    for page in [*PAGES, *(ROOT / "docs").glob("*.svg")]:
        text = page.read_text(encoding="utf-8")
        assert [match[0] for match in _TELLTALE.finditer(text)] == [], page.name
