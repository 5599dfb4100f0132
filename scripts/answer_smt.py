"""Answer one SMT-LIB query on standard input by cvc5, for `scripts/solc.cjs --smt-solver`.

Runs in `.venv-proof`, whose cvc5 is a library without a program.
"""

from __future__ import annotations

import sys
from typing import Any


def answer(query: str) -> str:
    """`unsat` or `unknown`. Not `sat`: the compiler would want to hear of the values too."""
    import cvc5  # type: ignore[import-not-found]  # only in .venv-proof

    solver: Any = cvc5.Solver()
    solver.setOption("tlimit-per", "120000")
    # The few bit operations among whole numbers: as sums, not bit by bit.
    solver.setOption("solve-bv-as-int", "sum")
    parser: Any = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, query, "query")
    while not (command := parser.nextCommand()).isNull():
        words: str = command.invoke(solver, parser.getSymbolManager()).strip()
        if str(command).startswith("(check-sat"):
            return "unsat" if words == "unsat" else "unknown"
    return "unknown"


if __name__ == "__main__":
    print(answer(sys.stdin.read()))
