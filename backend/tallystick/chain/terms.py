"""Loan terms as the ledger reads them: the packed witness and agreement, and the loan id.

The layouts are those of `WitnessLib` and `AgreementLib`. A call shows only the pages of the
schedule it needs; the ledger hashes the loan id from them and the hashes of the other pages:

    loan id = keccak256(head ‖ hashes of all pages)

where a page is twelve instalments behind the date and the balance they start from, and the head
ends with the hash of the agreement. Terms are packed once: every call about a loan carries them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from eth_hash.auto import keccak

from tallystick.chain.packing import (
    Address,
    Code,
    Day,
    Field,
    Hash,
    Number,
    SignedNumber,
    Text,
    pack,
    unpack,
)
from tallystick.chain.words import WordMalformed, date_number, number_date
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan
from tallystick.loans.terms import (
    ALLOCATIONS,
    COLLECTABLE_BY,
    DAY_COUNTS,
    METHODS,
    PREPAYMENTS,
    ROUNDINGS,
    TOTAL_MINOR_MAX,
    LoanTerms,
    PurposeCap,
    TermsInvalid,
)

PAGE_ROWS = 12
_ROW_BYTES = 16
_PAGE_BYTES = PAGE_ROWS * _ROW_BYTES
_HASH_BYTES = 32

_HEAD = (
    Field("lender", 20, Address()),
    Field("borrower", 20, Address()),
    Field("guarantor", 20, Address(is_optional=True)),
    Field("instalment_count", 2, Number()),
    Field("utc_offset_minutes", 2, SignedNumber()),
    Field("rounding", 1, Code(ROUNDINGS)),
    Field("allocation", 1, Code(ALLOCATIONS)),
    Field("penalty_rate_ppm", 4, Number()),
    Field("penalty_year_days", 2, Number()),
    Field("grace_days", 2, Number()),
    Field("prepayment", 1, Code(PREPAYMENTS)),
    Field("prepayment_fee_ppm", 4, Number()),
    Field("accelerate_after_days", 2, Number()),
    Field("mandate_minor_max", 6, Number()),
    Field("collectable_by", 1, Code(COLLECTABLE_BY)),
    Field("guarantee_minor_max", 6, Number()),
    Field("guarantee_after_days", 2, Number()),
    Field("has_collateral", 1, Number()),
)
_AGREEMENT = (
    Field("agreement", 32, Text()),
    Field("document_hash", 32, Hash()),
    Field("collateral_hash", 32, Hash(is_optional=True)),
    Field("prior_loan_id", 32, Hash(is_optional=True)),
    Field("currency", 3, Text()),
    Field("method", 1, Code(METHODS)),
    Field("day_count", 1, Code(DAY_COUNTS)),
    Field("annual_rate_ppm", 4, Number()),
    Field("sign_by", 4, Day()),
    Field("disburse_by", 4, Day()),
    Field("self_paid_minor_max", 6, Number()),
    Field("lender_nonce", 4, Number()),
    Field("borrower_nonce", 4, Number()),
    Field("guarantor_nonce", 4, Number()),
)
_PURPOSE = (
    Field("purpose", 32, Text()),
    Field("payee_category", 2, Number()),
    Field("cap_minor", 6, Number()),
)
_OPENING = (Field("disburse_on", 4, Day()), Field("principal_minor", 6, Number()))


def _size(fields: tuple[Field, ...]) -> int:
    return sum(field.size for field in fields)


_HEAD_BYTES = _size(_HEAD) + _HASH_BYTES
_AGREEMENT_BYTES = _size(_AGREEMENT)
_PURPOSE_BYTES = _size(_PURPOSE)
_OPENING_BYTES = _size(_OPENING)


@dataclass(frozen=True, slots=True)
class _Packed:
    """`schedule` is the opening and all rows; each page of it overlaps the one before by ten
    bytes."""

    loan_id: str
    head: bytes
    page_hashes: tuple[bytes, ...]
    schedule: bytes
    agreement: bytes


def loan_id(terms: LoanTerms) -> str:
    """The ledger's `idOf`: `0x` hex of 32 bytes.

    Raises TextInvalid, HexInvalid, and TermsInvalid for other members that cannot be packed.
    """
    return _packed(terms).loan_id


def agreement_of(terms: LoanTerms) -> bytes:
    """The terms that only some calls need, packed. Raises as `loan_id` does."""
    return _packed(terms).agreement


def witness(terms: LoanTerms, first: int = 0, end: int | None = None) -> bytes:
    """A witness that shows the pages of instalments `first` to `end` - 1, which count from zero;
    by default all. Raises as `loan_id` does."""
    packed = _packed(terms)
    count = len(terms.instalments)
    end = count if end is None else min(end, count)
    first_page, end_page = first // PAGE_ROWS, -(-end // PAGE_ROWS)
    if first >= end:
        return b"".join((packed.head, b"\0\0", *packed.page_hashes))
    return b"".join(
        (
            packed.head,
            bytes((first_page, end_page - first_page)),
            *packed.page_hashes[:first_page],
            *packed.page_hashes[end_page:],
            packed.schedule[first_page * _PAGE_BYTES : end_page * _PAGE_BYTES + _OPENING_BYTES],
        )
    )


def witness_for(loan: Loan, today: date) -> bytes:
    """The smallest witness of what `loan` owes on `today`: from its next instalment to the first
    one not due, and one more, so that neither a day nor another's repayment outruns it."""
    rows = loan.terms.instalments
    first = end = loan.repaid.next_instalment
    while end < len(rows) and rows[end].due_on <= today:
        end += 1
    return witness(loan.terms, first, end + 2)


def decode_terms(full_witness: bytes, agreement: bytes) -> LoanTerms:
    """The terms that a witness of all pages and its agreement make.

    Raises WordMalformed unless they are exactly what `witness` and `agreement_of` make of them.
    """
    head = unpack(_HEAD, full_witness)
    count = head.pop("instalment_count")
    del head["has_collateral"]
    schedule = full_witness[_HEAD_BYTES + 2 :]
    if count == 0 or len(schedule) != _OPENING_BYTES + count * _ROW_BYTES:
        raise WordMalformed("The witness does not show the whole schedule.")
    terms = LoanTerms(
        **head,
        **unpack(_AGREEMENT, agreement),
        **unpack(_OPENING, schedule),
        purposes=_unpack_purposes(agreement),
        instalments=_unpack_instalments(schedule),
    )
    try:
        is_exact = agreement_of(terms) == agreement and witness(terms) == full_witness
    except TermsInvalid as error:
        raise WordMalformed(error.detail) from error
    if not is_exact:
        raise WordMalformed("The witness and the agreement are not packed as terms are.")
    return terms


@lru_cache(maxsize=4096)
def _packed(terms: LoanTerms) -> _Packed:
    values = {name: getattr(terms, name) for name in LoanTerms.__dataclass_fields__}
    values["instalment_count"] = len(terms.instalments)
    values["has_collateral"] = int(terms.collateral_hash is not None)
    agreement = pack(_AGREEMENT, values) + _pack_purposes(terms)
    head = pack(_HEAD, values) + keccak(agreement)
    schedule = pack(_OPENING, values) + _pack_instalments(terms)
    hashes = tuple(
        keccak(schedule[at : at + _OPENING_BYTES + _PAGE_BYTES])
        for at in range(0, len(schedule) - _OPENING_BYTES, _PAGE_BYTES)
    )
    identity = "0x" + keccak(b"".join((head, *hashes))).hex()
    return _Packed(identity, head, hashes, schedule, agreement)


def _pack_purposes(terms: LoanTerms) -> bytes:
    return b"".join(
        pack(
            _PURPOSE,
            {"purpose": p.purpose, "payee_category": p.payee_category, "cap_minor": p.cap_minor},
        )
        for p in terms.purposes
    )


def _unpack_purposes(agreement: bytes) -> tuple[PurposeCap, ...]:
    return tuple(
        PurposeCap(**unpack(_PURPOSE, agreement[at : at + _PURPOSE_BYTES]))
        for at in range(_AGREEMENT_BYTES, len(agreement), _PURPOSE_BYTES)
    )


def _pack_instalments(terms: LoanTerms) -> bytes:
    """Interest (6 bytes), due date (4) and principal outstanding after it (6), of each."""
    left = terms.principal_minor
    rows = []
    for index, row in enumerate(terms.instalments):
        left -= row.principal_minor
        if not (
            row.principal_minor >= 0 <= row.interest_minor <= TOTAL_MINOR_MAX
            and 0 <= left <= TOTAL_MINOR_MAX
        ):
            raise TermsInvalid(
                f"instalments[{index}] must have amounts from 0 to {TOTAL_MINOR_MAX} and not "
                "repay more than is outstanding.",
                field=f"instalments[{index}]",
            )
        packed = row.interest_minor << 80 | date_number(row.due_on) << 48 | left
        rows.append(packed.to_bytes(_ROW_BYTES))
    return b"".join(rows)


def _unpack_instalments(schedule: bytes) -> tuple[Instalment, ...]:
    before = int.from_bytes(schedule[_OPENING_BYTES - 6 : _OPENING_BYTES])
    rows = []
    for number, at in enumerate(range(_OPENING_BYTES, len(schedule), _ROW_BYTES), start=1):
        row = int.from_bytes(schedule[at : at + _ROW_BYTES])
        left = row & TOTAL_MINOR_MAX
        due_on = number_date(row >> 48 & 0xFFFFFFFF)
        rows.append(Instalment(number, due_on, before - left, row >> 80))
        before = left
    return tuple(rows)
