"""Random terms that can be originated, for hypothesis, and what general encoders make of terms."""

from __future__ import annotations

from datetime import date, timedelta

from eth_abi.packed import encode_packed
from eth_hash.auto import keccak
from hypothesis import strategies as st

from tallystick.chain.words import date_number, hash_bytes, text_word
from tallystick.loans.instalment import Instalment
from tallystick.loans.terms import (
    ALLOCATIONS,
    COLLECTABLE_BY,
    DAY_COUNTS,
    DAYS_MAX,
    METHODS,
    PREPAYMENTS,
    ROUNDINGS,
    TOTAL_MINOR_MAX,
    LoanTerms,
    PurposeCap,
)

texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=31)
addresses = st.binary(min_size=20, max_size=20).filter(any).map(lambda raw: "0x" + raw.hex())
hashes = st.binary(min_size=32, max_size=32).filter(any).map(lambda raw: "0x" + raw.hex())
nonces = st.integers(0, 2**32 - 1)


@st.composite
def terms(draw: st.DrawFn, instalments_max: int = 40) -> LoanTerms:
    """Any terms `check_originable` admits."""
    lender, borrower, third = draw(st.lists(addresses, min_size=3, max_size=3, unique=True))
    disburse_on = draw(st.dates(date(1970, 1, 1), date(2999, 1, 1)))
    disburse_by = disburse_on + timedelta(days=draw(st.integers(0, 400)))
    count = draw(st.integers(1, instalments_max))
    due_on, rows = disburse_by, []
    bound = TOTAL_MINOR_MAX // (2 * instalments_max)
    for number in range(1, count + 1):
        due_on += timedelta(days=draw(st.integers(1, 400)))
        principal = draw(st.integers(int(number == count), bound))
        interest = draw(st.integers(0 if principal else 1, bound))
        rows.append(Instalment(number, due_on, principal, interest))
    principal = sum(row.principal_minor for row in rows)
    names = draw(st.lists(texts, max_size=16, unique=True))
    purposes = [
        PurposeCap(name, draw(st.integers(0, 2**16 - 1)), draw(st.integers(1, principal)))
        for name in names
    ]
    if purposes:
        purposes[0] = PurposeCap(purposes[0].purpose, purposes[0].payee_category, principal)
    collectable_by = draw(st.sampled_from(COLLECTABLE_BY))
    has_guarantor = draw(st.booleans())
    made = LoanTerms(
        agreement=draw(texts),
        lender=lender,
        borrower=borrower,
        guarantor=third if has_guarantor else None,
        currency=draw(st.text("ABCXYZ", min_size=3, max_size=3)),
        principal_minor=principal,
        method=draw(st.sampled_from(METHODS)),
        day_count=draw(st.sampled_from(DAY_COUNTS)),
        annual_rate_ppm=draw(st.integers(0, 2**32 - 1)),
        rounding=draw(st.sampled_from(ROUNDINGS)),
        allocation=draw(st.sampled_from(ALLOCATIONS)),
        penalty_rate_ppm=draw(st.integers(0, 1_000_000)),
        penalty_year_days=draw(st.sampled_from((360, 365))),
        grace_days=draw(st.integers(0, 366)),
        prepayment=draw(st.sampled_from(PREPAYMENTS)),
        prepayment_fee_ppm=draw(st.integers(0, 1_000_000)),
        accelerate_after_days=draw(st.integers(0, DAYS_MAX)),
        mandate_minor_max=(
            0 if collectable_by == "nobody" else draw(st.integers(1, TOTAL_MINOR_MAX))
        ),
        collectable_by=collectable_by,
        guarantee_minor_max=draw(st.integers(1, TOTAL_MINOR_MAX)) if has_guarantor else 0,
        guarantee_after_days=draw(st.integers(0, DAYS_MAX)) if has_guarantor else 0,
        utc_offset_minutes=draw(st.integers(-720, 840)),
        sign_by=draw(st.dates(date(1970, 1, 1), date(2999, 1, 1))),
        disburse_on=disburse_on,
        disburse_by=disburse_by,
        self_paid_minor_max=principal if not purposes else draw(st.integers(0, principal)),
        document_hash=draw(hashes),
        collateral_hash=draw(st.none() | hashes),
        prior_loan_id=draw(st.none() | hashes),
        lender_nonce=draw(nonces),
        borrower_nonce=draw(nonces),
        guarantor_nonce=draw(nonces),
        purposes=tuple(purposes),
        instalments=tuple(rows),
    )
    made.check_originable()
    return made


def packed_agreement(terms: LoanTerms) -> bytes:
    """The layout of `AgreementLib`, by a general encoder."""
    values = [
        ("bytes32", text_word(terms.agreement)),
        ("bytes32", hash_bytes(terms.document_hash)),
        ("bytes32", _hash_or_zero(terms.collateral_hash)),
        ("bytes32", _hash_or_zero(terms.prior_loan_id)),
        ("bytes3", terms.currency.encode()),
        ("uint8", METHODS.index(terms.method)),
        ("uint8", DAY_COUNTS.index(terms.day_count)),
        ("uint32", terms.annual_rate_ppm),
        ("uint32", date_number(terms.sign_by)),
        ("uint32", date_number(terms.disburse_by)),
        ("uint48", terms.self_paid_minor_max),
        ("uint32", terms.lender_nonce),
        ("uint32", terms.borrower_nonce),
        ("uint32", terms.guarantor_nonce),
    ]
    for cap in terms.purposes:
        values += [
            ("bytes32", text_word(cap.purpose)),
            ("uint16", cap.payee_category),
            ("uint48", cap.cap_minor),
        ]
    return _packed(values)


def packed_witness(terms: LoanTerms, first_page: int, shown_pages: int) -> bytes:
    """The layout of `WitnessLib`, by a general encoder."""
    head = _packed(
        [
            ("address", terms.lender),
            ("address", terms.borrower),
            ("address", terms.guarantor or "0x" + "00" * 20),
            ("uint16", len(terms.instalments)),
            ("int16", terms.utc_offset_minutes),
            ("uint8", ROUNDINGS.index(terms.rounding)),
            ("uint8", ALLOCATIONS.index(terms.allocation)),
            ("uint32", terms.penalty_rate_ppm),
            ("uint16", terms.penalty_year_days),
            ("uint16", terms.grace_days),
            ("uint8", PREPAYMENTS.index(terms.prepayment)),
            ("uint32", terms.prepayment_fee_ppm),
            ("uint16", terms.accelerate_after_days),
            ("uint48", terms.mandate_minor_max),
            ("uint8", COLLECTABLE_BY.index(terms.collectable_by)),
            ("uint48", terms.guarantee_minor_max),
            ("uint16", terms.guarantee_after_days),
            ("bool", terms.collateral_hash is not None),
            ("bytes32", keccak(packed_agreement(terms))),
            ("uint8", first_page),
            ("uint8", shown_pages),
        ]
    )
    pages = list(_pages(terms))
    shown = range(first_page, first_page + shown_pages)
    hidden = b"".join(keccak(page) for index, page in enumerate(pages) if index not in shown)
    rows = b"".join(pages[index][10 if index > first_page else 0 :] for index in shown)
    return head + hidden + rows


def _pages(terms: LoanTerms) -> list[bytes]:
    """Twelve instalments each, behind the date and the balance they start from."""
    pages, left, starts_on = [], terms.principal_minor, terms.disburse_on
    for at in range(0, len(terms.instalments), 12):
        page = [("uint32", date_number(starts_on)), ("uint48", left)]
        for row in terms.instalments[at : at + 12]:
            left -= row.principal_minor
            starts_on = row.due_on
            page += [
                ("uint48", row.interest_minor),
                ("uint32", date_number(row.due_on)),
                ("uint48", left),
            ]
        pages.append(_packed(page))
    return pages


def _packed(values: list[tuple[str, object]] | list[tuple[str, int]]) -> bytes:
    kinds = [kind for kind, _ in values]
    return encode_packed(kinds, [value for _, value in values])


def _hash_or_zero(digest: str | None) -> bytes:
    return hash_bytes(digest) if digest else b"\0" * 32
