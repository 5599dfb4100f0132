"""What lender and borrower sign: the terms of one loan.

The same members, in the same order and under the same words, are the `LoanTerms` struct of the
contract, the EIP-712 message and the `terms` of the API. `check_originable` holds the rules the
contract holds, so that wrong terms are refused before anyone is asked to sign them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from tallystick.kernel.errors import Invalid
from tallystick.loans.instalment import Instalment

TOTAL_MINOR_MAX = 2**53 - 1
INSTALMENTS_MAX = 1200
PURPOSES_MAX = 16
PENALTY_RATE_PPM_MAX = 1_000_000
GRACE_DAYS_MAX = 366
UTC_OFFSET_MINUTES_MIN = -12 * 60
UTC_OFFSET_MINUTES_MAX = 14 * 60
ROUNDINGS = ("half_even", "half_up")
_HEX = frozenset("0123456789abcdef")


class TermsInvalid(Invalid):
    """The terms cannot become a loan; `field` names the offending member."""

    title = "Terms cannot be originated"


@dataclass(frozen=True, slots=True)
class PurposeCap:
    """An agreed use of proceeds. `payee_category` 0 admits any payee."""

    purpose: str
    payee_category: int
    cap_minor: int


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """The terms of one loan.

    Addresses are lower-case `0x` hex of 20 bytes, hashes of 32. Amounts are minor units of
    `currency`, rates parts per million a year, dates days at `utc_offset_minutes`.
    """

    agreement: str
    lender: str
    borrower: str
    currency: str
    principal_minor: int
    method: str
    day_count: str
    annual_rate_ppm: int
    rounding: str
    penalty_rate_ppm: int
    penalty_year_days: int
    grace_days: int
    utc_offset_minutes: int
    sign_by: date
    disburse_on: date
    disburse_by: date
    self_paid_minor_max: int
    document_hash: str
    purposes: tuple[PurposeCap, ...]
    instalments: tuple[Instalment, ...]

    @property
    def matures_on(self) -> date:
        return self.instalments[-1].due_on

    @property
    def interest_minor(self) -> int:
        """All interest of the schedule."""
        return sum(row.interest_minor for row in self.instalments)

    def as_json(self) -> dict[str, Any]:
        """JSON-able form; `from_json` reads it back."""
        plain = {
            name: value.isoformat() if isinstance(value, date) else value
            for name in _PLAIN_FIELDS
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
        """Terms from `as_json`'s form.

        Raises TermsInvalid naming the member that is missing, unknown or of the wrong type.
        """
        members = _Members(source, "")
        members.only(f.name for f in fields(cls))
        return cls(
            agreement=members.text("agreement"),
            lender=members.address("lender"),
            borrower=members.address("borrower"),
            currency=members.text("currency"),
            principal_minor=members.whole("principal_minor"),
            method=members.text("method"),
            day_count=members.text("day_count"),
            annual_rate_ppm=members.whole("annual_rate_ppm"),
            rounding=members.text("rounding"),
            penalty_rate_ppm=members.whole("penalty_rate_ppm"),
            penalty_year_days=members.whole("penalty_year_days"),
            grace_days=members.whole("grace_days"),
            utc_offset_minutes=members.whole("utc_offset_minutes"),
            sign_by=members.day("sign_by"),
            disburse_on=members.day("disburse_on"),
            disburse_by=members.day("disburse_by"),
            self_paid_minor_max=members.whole("self_paid_minor_max"),
            document_hash=members.hash32("document_hash"),
            purposes=tuple(
                PurposeCap(
                    purpose=row.only_text("purpose", ("payee_category", "cap_minor")),
                    payee_category=row.whole("payee_category"),
                    cap_minor=row.whole("cap_minor"),
                )
                for row in members.rows("purposes")
            ),
            instalments=tuple(
                Instalment(
                    number=index,
                    due_on=row.day("due_on"),
                    principal_minor=row.whole("principal_minor"),
                    interest_minor=row.whole("interest_minor"),
                )
                for index, row in enumerate(members.rows("instalments"), start=1)
            ),
        )

    def check_originable(self) -> None:
        """The contract's rules of origination. Raises TermsInvalid naming the member."""
        for name in ("agreement", "method", "day_count"):
            _require(
                _is_text(getattr(self, name)), name, "must be 1 to 31 printable ASCII characters"
            )
        _require(
            _is_text(self.currency) and len(self.currency) == 3,
            "currency",
            "must be an ISO 4217 code",
        )
        _require(self.rounding in ROUNDINGS, "rounding", f"must be one of {', '.join(ROUNDINGS)}")
        _require(self.document_hash != "0x" + "00" * 32, "document_hash", "must not be zero")
        _require(self.lender != self.borrower, "borrower", "must differ from the lender")
        _require(
            0 < self.principal_minor <= TOTAL_MINOR_MAX,
            "principal_minor",
            f"must be between 1 and {TOTAL_MINOR_MAX}",
        )
        _require(
            0 <= self.annual_rate_ppm < 2**32, "annual_rate_ppm", "must be between 0 and 2^32 - 1"
        )
        _require(
            0 <= self.penalty_rate_ppm <= PENALTY_RATE_PPM_MAX,
            "penalty_rate_ppm",
            f"must be between 0 and {PENALTY_RATE_PPM_MAX}",
        )
        _require(self.penalty_year_days in (360, 365), "penalty_year_days", "must be 360 or 365")
        _require(
            0 <= self.grace_days <= GRACE_DAYS_MAX,
            "grace_days",
            f"must be between 0 and {GRACE_DAYS_MAX}",
        )
        _require(
            UTC_OFFSET_MINUTES_MIN <= self.utc_offset_minutes <= UTC_OFFSET_MINUTES_MAX,
            "utc_offset_minutes",
            f"must be between {UTC_OFFSET_MINUTES_MIN} and {UTC_OFFSET_MINUTES_MAX}",
        )
        _require(
            0 <= self.self_paid_minor_max <= self.principal_minor,
            "self_paid_minor_max",
            "must be between 0 and the principal",
        )
        for name in ("sign_by", "disburse_on", "disburse_by"):
            _require(getattr(self, name).year >= 1970, name, "must not be before 1970")
        _require(
            self.disburse_by >= self.disburse_on, "disburse_by", "must not be before disburse_on"
        )
        self._check_schedule()
        self._check_purposes()

    def _check_schedule(self) -> None:
        _require(
            0 < len(self.instalments) <= INSTALMENTS_MAX,
            "instalments",
            f"must have 1 to {INSTALMENTS_MAX} rows",
        )
        previous_on = self.disburse_by
        for index, row in enumerate(self.instalments):
            at = f"instalments[{index}]"
            _require(
                row.due_on > previous_on,
                f"{at}.due_on",
                "must be after disburse_by and the row before",
            )
            _require(row.principal_minor >= 0, f"{at}.principal_minor", "must not be negative")
            _require(row.interest_minor >= 0, f"{at}.interest_minor", "must not be negative")
            _require(
                row.total_minor > 0, f"{at}.principal_minor", "and interest must not both be zero"
            )
            previous_on = row.due_on
        total = sum(row.principal_minor for row in self.instalments)
        _require(
            total == self.principal_minor,
            "instalments",
            f"have principal of {total} in all, not the {self.principal_minor} lent",
        )
        _require(
            total + self.interest_minor <= TOTAL_MINOR_MAX,
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
            _require(
                _is_text(row.purpose), f"{at}.purpose", "must be 1 to 31 printable ASCII characters"
            )
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
        _require(
            usable >= self.principal_minor,
            "purposes",
            f"and the self-paid share cover {usable}, leaving principal nobody could use",
        )


_PLAIN_FIELDS = tuple(
    f.name for f in fields(LoanTerms) if f.name not in ("purposes", "instalments")
)


def _require(holds: bool, field: str, rule: str) -> None:
    if not holds:
        raise TermsInvalid(f"{field} {rule}.", field=field)


def _is_text(value: str) -> bool:
    return 0 < len(value) < 32 and value.isascii() and value.isprintable()


class _Members:
    """Reads one JSON object member by member, naming what is wrong by its path."""

    def __init__(self, source: object, path: str) -> None:
        if not isinstance(source, Mapping):
            raise TermsInvalid(f"{path or 'terms'} must be an object.", field=path or None)
        self._source = source
        self._path = path

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def only(self, names: Any) -> None:
        known = set(names)
        for name in self._source:
            if name not in known:
                raise TermsInvalid(f"{self._at(name)} is not a term.", field=self._at(name))

    def _get(self, name: str) -> Any:
        if name not in self._source:
            raise TermsInvalid(f"{self._at(name)} is missing.", field=self._at(name))
        return self._source[name]

    def whole(self, name: str) -> int:
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TermsInvalid(f"{self._at(name)} must be a whole number.", field=self._at(name))
        return value

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise TermsInvalid(f"{self._at(name)} must be a string.", field=self._at(name))
        return value

    def only_text(self, name: str, others: tuple[str, ...]) -> str:
        self.only((name, *others))
        return self.text(name)

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise TermsInvalid(
                f"{self._at(name)} must be a date such as 2026-02-01.", field=self._at(name)
            ) from None

    def address(self, name: str) -> str:
        return self._hex(name, 20)

    def hash32(self, name: str) -> str:
        return self._hex(name, 32)

    def _hex(self, name: str, size: int) -> str:
        value = self.text(name).lower()
        if (
            len(value) != 2 + 2 * size
            or not value.startswith("0x")
            or not _HEX.issuperset(value[2:])
        ):
            raise TermsInvalid(
                f"{self._at(name)} must be 0x and {2 * size} hex digits.", field=self._at(name)
            )
        return value

    def rows(self, name: str) -> list[_Members]:
        value = self._get(name)
        if not isinstance(value, list):
            raise TermsInvalid(f"{self._at(name)} must be a list.", field=self._at(name))
        return [_Members(row, f"{self._at(name)}[{index}]") for index, row in enumerate(value)]
