"""What lender, borrower and guarantor sign: the terms of one loan.

The same members, in the same order and under the same words, are the `LoanTerms` of the contract,
the EIP-712 message and the `terms` of the API. `check_originable` holds the rules the contract
holds, so that wrong terms are refused before anyone is asked to sign them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from typing import Any

from tallystick.kernel.daycount import DayCount
from tallystick.loans.instalment import Instalment
from tallystick.loans.plan import Method
from tallystick.loans.term_members import TermMembers, TermsInvalid

__all__ = ["LoanTerms", "PurposeCap", "TermsInvalid"]

TOTAL_MINOR_MAX = 2**48 - 1
INSTALMENTS_MAX = 1200
PURPOSES_MAX = 16
PPM_MAX = 1_000_000
GRACE_DAYS_MAX = 366
DAYS_MAX = 2**16 - 1
UTC_OFFSET_MINUTES_MIN = -12 * 60
UTC_OFFSET_MINUTES_MAX = 14 * 60

METHODS = tuple(method.value for method in Method)
DAY_COUNTS = tuple(day_count.value for day_count in DayCount)
ROUNDINGS = ("half_even", "half_up")
ALLOCATIONS = ("penalty_first", "penalty_last")
PREPAYMENTS = ("not_allowed", "shorter_term", "smaller_instalments")
COLLECTABLE_BY = ("nobody", "servicer", "lender", "anyone")

_ZERO_HASH = "0x" + "00" * 32
_ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class PurposeCap:
    """An agreed use of proceeds. `payee_category` 0 admits any payee."""

    purpose: str
    payee_category: int
    cap_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTerms:
    """The terms of one loan.

    Addresses are lower-case `0x` hex of 20 bytes, hashes of 32. Amounts are minor units of
    `currency`, rates parts per million a year, dates days at `utc_offset_minutes`. Members with a
    default are those an ordinary loan does without:

    `allocation`: whether a repayment goes to penalty before or after what fell due.
    `prepayment`: what a partial prepayment does to the schedule; its fee applies to a payoff too.
    `accelerate_after_days`: days past due beyond which all may be made due; 0 is never.
    `mandate_minor_max`: most that may be collected in all, by whom `collectable_by` says.
    `guarantee_minor_max`: most the guarantor can be called on for, beyond `guarantee_after_days`.
    `collateral_hash`, `prior_loan_id`: none, or what is pledged, and the loan this one replaces.
    `lender_nonce` and the other two: the party registry's `signature_nonce` of each signer.
    """

    agreement: str
    lender: str
    borrower: str
    guarantor: str | None = None
    currency: str
    principal_minor: int
    method: str
    day_count: str
    annual_rate_ppm: int
    rounding: str
    allocation: str = "penalty_first"
    penalty_rate_ppm: int
    penalty_year_days: int
    grace_days: int
    prepayment: str = "not_allowed"
    prepayment_fee_ppm: int = 0
    accelerate_after_days: int = 0
    mandate_minor_max: int = 0
    collectable_by: str = "nobody"
    guarantee_minor_max: int = 0
    guarantee_after_days: int = 0
    utc_offset_minutes: int
    sign_by: date
    disburse_on: date
    disburse_by: date
    self_paid_minor_max: int
    document_hash: str
    collateral_hash: str | None = None
    prior_loan_id: str | None = None
    lender_nonce: int = 0
    borrower_nonce: int = 0
    guarantor_nonce: int = 0
    purposes: tuple[PurposeCap, ...]
    instalments: tuple[Instalment, ...]

    @property
    def matures_on(self) -> date:
        return self.instalments[-1].due_on

    @property
    def interest_minor(self) -> int:
        """All interest of the schedule."""
        return sum(row.interest_minor for row in self.instalments)

    @property
    def signers(self) -> tuple[str, ...]:
        """Whose signatures it takes: lender, borrower and, if there is one, guarantor."""
        sides = (self.lender, self.borrower)
        return sides if self.guarantor is None else (*sides, self.guarantor)

    def as_json(self) -> dict[str, Any]:
        """JSON-able form; `from_json` reads it back."""
        plain = {
            name: value.isoformat() if isinstance(value, date) else value
            for name in _READERS
            for value in (getattr(self, name),)
        }
        plain["purposes"] = [
            {"purpose": p.purpose, "payee_category": p.payee_category, "cap_minor": p.cap_minor}
            for p in self.purposes
        ]
        plain["instalments"] = [
            {
                "number": row.number,
                "due_on": row.due_on.isoformat(),
                "principal_minor": row.principal_minor,
                "interest_minor": row.interest_minor,
            }
            for row in self.instalments
        ]
        return plain

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> LoanTerms:
        """Terms from `as_json`'s form; members that have a default may be left out.

        Raises TermsInvalid naming the member that is missing, unknown or of the wrong type.
        """
        members = TermMembers(source)
        members.only(field.name for field in fields(cls))
        plain = {
            name: read(members, name)
            for name, read in _READERS.items()
            if name in members or name not in _OPTIONAL
        }
        return cls(
            **plain,
            purposes=tuple(
                PurposeCap(row.text("purpose"), row.whole("payee_category"), row.whole("cap_minor"))
                for row in members.rows("purposes", ("purpose", "payee_category", "cap_minor"))
            ),
            instalments=tuple(
                Instalment(
                    number,
                    row.day("due_on"),
                    row.whole("principal_minor"),
                    row.whole("interest_minor"),
                )
                for number, row in enumerate(
                    members.rows(
                        "instalments", ("number", "due_on", "principal_minor", "interest_minor")
                    ),
                    start=1,
                )
            ),
        )

    def check_originable(self) -> None:
        """The contract's rules of origination. Raises TermsInvalid naming the member."""
        _require(_is_text(self.agreement), "agreement", _TEXT_RULE)
        _require(
            _is_text(self.currency) and len(self.currency) == 3,
            "currency",
            "must be an ISO 4217 code",
        )
        for name, choices in _CHOICES.items():
            _require(getattr(self, name) in choices, name, f"must be one of {', '.join(choices)}")
        for name, (least, most) in _RANGES.items():
            _require(
                least <= getattr(self, name) <= most, name, f"must be between {least} and {most}"
            )
        _require(self.penalty_year_days in (360, 365), "penalty_year_days", "must be 360 or 365")
        _require(
            self.self_paid_minor_max <= self.principal_minor,
            "self_paid_minor_max",
            "must be between 0 and the principal",
        )
        _require(self.document_hash != _ZERO_HASH, "document_hash", "must not be zero")
        for name in ("collateral_hash", "prior_loan_id"):
            _require(getattr(self, name) != _ZERO_HASH, name, "must be null or not zero")
        self._check_parties()
        for name in ("sign_by", "disburse_on", "disburse_by"):
            _require(getattr(self, name).year >= 1970, name, "must not be before 1970")
        _require(
            self.disburse_by >= self.disburse_on, "disburse_by", "must not be before disburse_on"
        )
        self._check_schedule()
        self._check_purposes()

    def _check_parties(self) -> None:
        _require(self.lender != self.borrower, "borrower", "must differ from the lender")
        _require(
            self.guarantor not in (self.lender, self.borrower, _ZERO_ADDRESS),
            "guarantor",
            "must be null, or differ from lender, borrower and the zero address",
        )
        _require(
            (self.guarantee_minor_max == 0) == (self.guarantor is None),
            "guarantee_minor_max",
            "must be zero exactly when there is no guarantor",
        )
        _require(
            self.guarantor is not None or self.guarantee_after_days == 0,
            "guarantee_after_days",
            "must be zero when there is no guarantor",
        )
        _require(
            (self.mandate_minor_max == 0) == (self.collectable_by == "nobody"),
            "mandate_minor_max",
            "must be zero exactly when collectable_by is nobody",
        )

    def _check_schedule(self) -> None:
        _require(
            0 < len(self.instalments) <= INSTALMENTS_MAX,
            "instalments",
            f"must have 1 to {INSTALMENTS_MAX} rows",
        )
        previous_on = self.disburse_by
        left = self.principal_minor
        for index, row in enumerate(self.instalments):
            at = f"instalments[{index}]"
            _require(
                row.due_on > previous_on,
                f"{at}.due_on",
                "must be after disburse_by and the row before",
            )
            _require(
                0 <= row.principal_minor <= left,
                f"{at}.principal_minor",
                f"must be between 0 and the {left} outstanding",
            )
            _require(left > 0, f"{at}.principal_minor", "has nothing outstanding to repay")
            _require(row.interest_minor >= 0, f"{at}.interest_minor", "must not be negative")
            _require(
                row.total_minor > 0, f"{at}.principal_minor", "and interest must not both be zero"
            )
            previous_on = row.due_on
            left -= row.principal_minor
        _require(
            left == 0,
            "instalments",
            f"have principal of {self.principal_minor - left} in all, not the "
            f"{self.principal_minor} lent",
        )
        _require(
            self.principal_minor + self.interest_minor <= TOTAL_MINOR_MAX,
            "instalments",
            f"must not exceed {TOTAL_MINOR_MAX} in all",
        )

    def _check_purposes(self) -> None:
        _require(
            len(self.purposes) <= PURPOSES_MAX, "purposes", f"must have at most {PURPOSES_MAX} rows"
        )
        usable = self.self_paid_minor_max
        seen: set[str] = set()
        for index, row in enumerate(self.purposes):
            at = f"purposes[{index}]"
            _require(_is_text(row.purpose), f"{at}.purpose", _TEXT_RULE)
            _require(row.purpose not in seen, f"{at}.purpose", "must not be listed twice")
            _require(
                0 < row.cap_minor <= self.principal_minor,
                f"{at}.cap_minor",
                "must be between 1 and the principal",
            )
            _require(
                0 <= row.payee_category < 2**16,
                f"{at}.payee_category",
                "must be between 0 and 65535",
            )
            seen.add(row.purpose)
            usable += row.cap_minor
        # What a restructured loan carries over is mostly used already.
        _require(
            usable >= self.principal_minor or self.prior_loan_id is not None,
            "purposes",
            f"and the self-paid share cover {usable}, leaving principal nobody could use",
        )


_TEXT_RULE = "must be 1 to 31 printable ASCII characters"
_CHOICES = {
    "method": METHODS,
    "day_count": DAY_COUNTS,
    "rounding": ROUNDINGS,
    "allocation": ALLOCATIONS,
    "prepayment": PREPAYMENTS,
    "collectable_by": COLLECTABLE_BY,
}
_RANGES = {
    "principal_minor": (1, TOTAL_MINOR_MAX),
    "annual_rate_ppm": (0, 2**32 - 1),
    "penalty_rate_ppm": (0, PPM_MAX),
    "grace_days": (0, GRACE_DAYS_MAX),
    "prepayment_fee_ppm": (0, PPM_MAX),
    "accelerate_after_days": (0, DAYS_MAX),
    "mandate_minor_max": (0, TOTAL_MINOR_MAX),
    "guarantee_minor_max": (0, TOTAL_MINOR_MAX),
    "guarantee_after_days": (0, DAYS_MAX),
    "utc_offset_minutes": (UTC_OFFSET_MINUTES_MIN, UTC_OFFSET_MINUTES_MAX),
    "self_paid_minor_max": (0, TOTAL_MINOR_MAX),
    "lender_nonce": (0, 2**32 - 1),
    "borrower_nonce": (0, 2**32 - 1),
    "guarantor_nonce": (0, 2**32 - 1),
}
_READ_AS: Mapping[str, Callable[[TermMembers, str], Any]] = {
    "lender": TermMembers.address,
    "borrower": TermMembers.address,
    "guarantor": TermMembers.address_or_none,
    "document_hash": TermMembers.hash32,
    "collateral_hash": TermMembers.hash32_or_none,
    "prior_loan_id": TermMembers.hash32_or_none,
}
_READ_KINDS: Mapping[object, Callable[[TermMembers, str], Any]] = {
    "str": TermMembers.text,
    "int": TermMembers.whole,
    "date": TermMembers.day,
}
_READERS = {
    field.name: _READ_AS.get(field.name) or _READ_KINDS[field.type]
    for field in fields(LoanTerms)
    if field.name not in ("purposes", "instalments")
}
_OPTIONAL = frozenset(field.name for field in fields(LoanTerms) if field.default is not MISSING)


def _require(holds: bool, field: str, rule: str) -> None:
    if not holds:
        raise TermsInvalid(f"{field} {rule}.", field=field)


def _is_text(value: str) -> bool:
    return 0 < len(value) < 32 and value.isascii() and value.isprintable()
