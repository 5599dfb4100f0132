"""The faults the mutation run puts into Solidity, on a small contract and the real compiler."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.compile_contracts import ROOT
from scripts.mutate_contracts import explained
from scripts.mutation_bench import Compiler
from scripts.solidity_mutants import Mutant, mutants

HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    warm = Compiler(ROOT)
    yield warm
    warm.close()


def mutants_of(compiler: Compiler, body: str) -> list[Mutant]:
    """The mutants of a contract `Tally`, each of which compiles."""
    source = f"{HEAD}contract Tally {{\n{body}\n}}\n"
    settings = {"outputSelection": {"*": {"": ["ast"], "*": ["evm.bytecode.object"]}}}
    output = compiler.compile({"Tally.sol": source}, settings)
    assert [each for each in output.get("errors", []) if each["severity"] == "error"] == []
    made = mutants("Tally.sol", source.encode(), output["sources"]["Tally.sol"]["ast"])
    assert len({mutant.id for mutant in made}) == len(made)
    return made


def changed(compiler: Compiler, body: str) -> list[str]:
    """What stands between the braces of `Tally` in each of its mutants."""
    source = f"{HEAD}contract Tally {{\n{body}\n}}\n".encode()
    return [
        mutant.applied(source).decode().split("contract Tally {\n")[1].removesuffix("\n}\n")
        for mutant in mutants_of(compiler, body)
    ]


@pytest.mark.parametrize(
    ("code", "faults"),
    [
        ("return a < b;", ["return a <= b;", "return a >= b;"]),
        ("return (a) /* of */ >= b;", []),
        ("return a == b && b != a;", [
            "return a != b && b != a;", "return a == b || b != a;", "return a == b && b == a;",
        ]),
        ("return !done;", ["return true;", "return false;", "return done;"]),
        ("a += b; return done;", [
            "{} return done;", "a -= b; return done;",
            "a += b; return true;", "a += b; return false;",
        ]),
        ("require(done); return done;", [
            "{} return done;", "require(done); return true;", "require(done); return false;",
        ]),
        ("emit Done(a); return done;", [
            "{} return done;", "emit Done(a); return true;", "emit Done(a); return false;",
        ]),
        ("if (done) revert(); return a > b;", [
            "if (true) revert(); return a > b;", "if (false) revert(); return a > b;",
            "if (done) {} return a > b;",
            "if (done) revert(); return a >= b;", "if (done) revert(); return a <= b;",
        ]),
        ("return a + 7 days > 1_000;", [
            "return a - 7 days > 1_000;", "return a + 6 days > 1_000;",
            "return a + 8 days > 1_000;", "return a + 7 days <= 1_000;",
            "return a + 7 days >= 1_000;", "return a + 7 days > 1001;", "return a + 7 days > 999;",
        ]),
        ("assembly { a := shl(0x08, b) } return a > b;", [
            "assembly { a := shr(0x08, b) } return a > b;",
            "assembly { a := shl(9, b) } return a > b;",
            "assembly { a := shl(0x08, b) } return a <= b;",
            "assembly { a := shl(0x08, b) } return a >= b;",
        ]),
    ],
)  # fmt: skip
def test_faults_of_a_statement(compiler: Compiler, code: str, faults: list[str]) -> None:
    frame = (
        "event Done(uint256 a);\n"
        "function f(uint256 a, uint256 b, bool done) external returns (bool) {{ {} }}"
    )

    found = changed(compiler, frame.format(code))

    assert sorted(found) == sorted(frame.format(fault) for fault in faults)


def test_a_modifier_is_lost_but_no_constructor_argument(compiler: Compiler) -> None:
    body = (
        "modifier restricted() { _; }\n"
        "constructor() {}\n"
        "function f() external restricted {}"
    )  # fmt: skip

    assert changed(compiler, body) == [body.replace("external restricted", "external ")]


def test_ids_outlive_what_is_written_above(compiler: Compiler) -> None:
    body = "uint256 x;\nfunction f(uint256 a) external { x = a; x = a + 1; x = a + 1; }"
    above = "// a remark\nfunction g() external { delete x; }\n"

    before = mutants_of(compiler, body)
    after = mutants_of(compiler, above + body)

    assert {each.id for each in before} < {each.id for each in after}
    assert [each.line for each in before] == [each.line - 2 for each in after[1:]]


def test_interfaces_and_errors_have_none(compiler: Compiler) -> None:
    assert mutants_of(compiler, "error Wrong(uint256 a);\nevent Done(uint256 a);") == []


def test_the_explained_survivors_can_be_read() -> None:
    for id, reason in explained(ROOT / "contracts" / "test" / "mutants.toml").items():
        assert "#" in id
        assert len(reason) > 20, f"{id}: say why no test can tell the difference"
