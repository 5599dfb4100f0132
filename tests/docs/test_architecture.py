"""The architecture page says what the code does, where the code can be asked."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any

from tallystick.api.app import V1_ROUTERS
from tallystick.api.problems import STATUS_OF
from tallystick.chain.bindings import binding
from tallystick.chain.staff_roles import GRANTS
from tallystick.cli.console import EXIT_CODES
from tallystick.kernel import errors
from tallystick.loans.instalment import Instalment
from tallystick.loans.repaid import Repaid
from tallystick.loans.repayment import repay
from tallystick.loans.terms import INSTALMENTS_MAX, PURPOSES_MAX, LoanTerms
from tallystick.loans.waterfall import owed_on
from tallystick.servicing.dunning import LADDER
from tests.docs.pages import ARCHITECTURE, PAGES, ROOT, codes, table

TEXT = ARCHITECTURE.read_text(encoding="utf-8")


def test_rooms_are_the_packages_on_disk() -> None:
    documented = [row[1].strip("`") for row in table(ARCHITECTURE, "layer")]
    packages = (ROOT / "backend" / "tallystick").glob("*/__init__.py")

    assert sorted(documented) == sorted(path.parent.name for path in packages)


def test_layers_are_those_the_linter_holds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (layers,) = [
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    held: dict[int, set[str]] = {
        len(layers) - index: set(line.split(" | ")) for index, line in enumerate(layers)
    }
    documented: dict[int, set[str]] = {}
    for layer, room, *_ in table(ARCHITECTURE, "layer"):
        documented.setdefault(int(layer), set()).add(room.strip("`"))

    assert documented == held


def test_every_folder_of_tests_is_in_the_table() -> None:
    documented = re.findall(
        r"`tests/(\w+)`", " ".join(row[0] for row in table(ARCHITECTURE, "tests"))
    )
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/*.py")} - {"fixtures"}

    assert sorted(documented) == sorted(folders)


def test_every_base_error_is_mapped_as_documented() -> None:
    documented = {
        row[0].strip("`"): (int(row[2]), int(row[3])) for row in table(ARCHITECTURE, "base")
    }
    exit_codes = dict(EXIT_CODES)

    assert documented == {base.__name__: (status, exit_codes[base]) for base, status in STATUS_OF}
    assert set(documented) == {base.__name__ for base in errors.TallystickError.__subclasses__()
                               if base.__module__ == errors.__name__}  # fmt: skip


def callers() -> dict[str, str]:
    """Who may call it, by `Contract.function`."""
    found = {}
    for functions, caller in table(ARCHITECTURE, "function"):
        contract, *names = re.findall(r"\w+", functions)
        found.update({f"{contract}.{name}": caller for name in names})
    return found


def test_staff_functions_name_their_role_and_no_others_do() -> None:
    granted = {
        f"{contract}.{function}": role
        for role, contract, functions in GRANTS
        for function in functions
    }
    documented = {
        function: role[1]
        for function, caller in callers().items()
        if (role := re.search(r"staff role `(\w+)`", caller))
    }

    assert documented == granted


def test_every_function_that_changes_something_has_its_caller() -> None:
    of_standards = {"setAuthority", "transferFrom"}

    def changes(contract: str) -> set[str]:
        members: list[dict[str, Any]] = binding(contract)["abi"]
        return {
            f"{contract}.{member['name']}"
            for member in members
            if member["type"] == "function"
            and member["stateMutability"] not in ("view", "pure")
            and member["name"] not in of_standards
        }

    assert set(callers()) == changes("LoanLedger") | changes("SettlementToken") | changes(
        "PartyRegistry"
    )


def test_the_signed_message_is_that_of_the_contract() -> None:
    source = (ROOT / "contracts" / "libraries" / "MessageLib.sol").read_text()
    (typehash,) = re.findall(r"LOAN_TERMS_TYPEHASH = keccak256\((.*?)\);", source, re.DOTALL)
    signed = "".join(re.findall(r'"(.*?)"', typehash))
    (block,) = re.findall(r"```\n(LoanTerms\(.*?)```", TEXT, re.DOTALL)

    assert re.sub(r"\s*\n\s*", "", block) == signed


def test_numbers_are_those_of_the_code() -> None:
    assert f"1 to {INSTALMENTS_MAX:,} instalments and at most {PURPOSES_MAX} purposes" in TEXT
    assert f"The ladder: {', '.join(f'`{step.name}`' for step in LADDER)}" in " ".join(TEXT.split())


def test_the_example_of_unit_days_is_worked_right() -> None:
    terms = LoanTerms(
        agreement="example", lender="0x" + "11" * 20, borrower="0x" + "22" * 20, currency="CNY",
        principal_minor=12_798, method="custom", day_count="act/360", annual_rate_ppm=84_000,
        rounding="half_even", penalty_rate_ppm=126_000, penalty_year_days=360, grace_days=3,
        utc_offset_minutes=480, sign_by=date(2026, 1, 5), disburse_on=date(2026, 1, 5),
        disburse_by=date(2026, 1, 6), self_paid_minor_max=12_798, document_hash="0x" + "33" * 32,
        purposes=(), instalments=(Instalment(1, date(2026, 2, 5), 12_798, 4_300),),
    )  # fmt: skip
    untouched = Repaid(accrued_on=date(2026, 1, 5))
    before, unit_days = owed_on(terms, untouched, date(2026, 2, 13))
    repayment = repay(terms, untouched, date(2026, 2, 13), 8_549)
    after, later_unit_days = owed_on(terms, repayment.repaid, date(2026, 2, 19))
    never, most_unit_days = owed_on(terms, untouched, date(2026, 2, 19))

    assert (unit_days, later_unit_days, most_unit_days) == (85_490, 136_964, 188_078)
    assert (before.penalty_minor, after.penalty_minor, never.penalty_minor) == (30, 18, 66)
    assert (repayment.interest_minor, repayment.principal_minor) == (4_300, 4_219)
    for told in (
        "= 85,490 | 0.30",
        "43.00 interest, 42.19 principal",
        "= 136,964 | 0.48 | 0.30 | 0.18",
        "= 188,078 unit-days and 0.66",
    ):
        assert told in " ".join(TEXT.split())


def test_every_path_of_the_api_exists() -> None:
    known = {f"/v1{route.path}" for router in V1_ROUTERS for route in router.routes}  # type: ignore[attr-defined]  # all are APIRoutes
    for page in PAGES:
        for code in codes(page):
            for path in re.findall(r"/v1/[a-z{}_/-]+", code):
                assert path in known, f"{page.name}: {path}"
