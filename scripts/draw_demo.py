"""Draw the picture of the demo from what the demo prints.

    FORCE_COLOR=1 COLUMNS=100 tallystick demo | python scripts/draw_demo.py "One loan's life"

Reads coloured text on standard input and writes `docs/demo.svg`, which needs no font but the
reader's own. Sections named as arguments are left out.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
WIDTH = 100

# Pictures in a page may not load fonts, and nothing here should point to a download.
_FONT_FACE = re.compile(r" *@font-face \{.*?\}\n", re.DOTALL)
_FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def main() -> int:
    """Entry point; returns 0."""
    console = Console(
        record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in _without(set(sys.argv[1:]), sys.stdin.read().splitlines()):
        console.print(Text.from_ansi(line))
    drawn = console.export_svg(title="make demo", theme=MONOKAI, unique_id="demo")
    PICTURE.write_text(_FONT_FACE.sub("", drawn).replace("Fira Code, monospace", _FONTS))
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")
    return 0


def _without(titles: set[str], lines: Iterable[str]) -> Iterator[str]:
    """`lines` without the sections of those titles; a rule with its title begins a section."""
    is_left_out = False
    for line in lines:
        plain = Text.from_ansi(line).plain
        if plain.startswith("───"):
            is_left_out = plain.strip("─ ") in titles
        if not is_left_out:
            yield line


if __name__ == "__main__":
    sys.exit(main())
