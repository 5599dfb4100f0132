"""The contracts and the Python rules, to the unit and to the error: random histories in both.

Many loans live through the same blocks. What is tried in a block goes out as batches; whether the
ledger does it or refuses it, what it tells, stores and says is owed must be what the rules say.

    TALLYSTICK_HISTORIES       how many to live; `make nightly` lives 10,000
    TALLYSTICK_SEED            which ones
    TALLYSTICK_ONLY_HISTORY    the last part of a failed one's name, to live it again alone
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from tallystick.chain.bindings import abi
from tallystick.loans.events import RepaymentKind
from tests.differential.lives import Lives
from tests.fixtures.chain import World

HISTORIES = int(os.environ.get("TALLYSTICK_HISTORIES", "300"))
SEED = os.environ.get("TALLYSTICK_SEED", "1")
ONLY = os.environ.get("TALLYSTICK_ONLY_HISTORY")
AT_ONCE = 300
STEPS = 36


NOT_HERE = {
    # Terms and witnesses no honest party sends, and views: `tests/chain/test_terms.py`.
    "AgreementMismatch", "CurrencyMismatch", "InstalmentInvalid", "PrincipalNotUsable",
    "PurposeInvalid", "ScheduleNotSummingToPrincipal", "TimeBeforeAccrual", "WitnessMalformed",
    # The batch itself, of which only its items fail here.
    "BatchItemFailed", "BatchNested", "PauseUnchanged",
}  # fmt: skip


@pytest.mark.parametrize("campaign", range(-(-HISTORIES // AT_ONCE)))
def test_histories(world: World, campaign: int) -> None:
    count = min(AT_ONCE, HISTORIES - campaign * AT_ONCE)
    lives = Lives(world, f"{SEED}.{campaign}", count, None if ONLY is None else int(ONLY))
    for _ in range(STEPS):
        lives.step()
    lives.check_everything()
    if (SEED, count) == ("1", AT_ONCE):
        everything = {entry["name"] for entry in abi("LoanLedger") if _is_told(entry)}
        told = {outcome.split()[0] for outcome in lives.outcomes}
        assert everything - told <= NOT_HERE
        assert {f"RepaymentReceived {kind}" for kind in RepaymentKind} <= lives.outcomes.keys()


def _is_told(entry: dict[str, Any]) -> bool:
    """The ledger's own errors and events."""
    return entry["type"] in ("error", "event") and not entry["name"].startswith(
        ("AccessManaged", "Authority", "ECDSA", "EIP712", "InvalidShort", "StringToo", "SafeERC20")
    )
