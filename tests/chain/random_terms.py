"""Random terms that can be originated, for hypothesis, and what general encoders make of terms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tallystick.chain.words import date_number, hash_bytes, text_word
from tallystick.loans.instalment import Instalment
from tallystick.loans.terms import TOTAL_MINOR_MAX, LoanTerms, PurposeCap

texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=31)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
hashes = st.binary(min_size=32, max_size=32).filter(any).map(lambda raw: "0x" + raw.hex())


@st.composite
def terms(draw: st.DrawFn, instalments_max: int = 40) -> LoanTerms:
    """Any terms `check_originable` admits."""
    lender, borrower = draw(st.lists(addresses, min_size=2, max_size=2, unique=True))
    disburse_on = draw(st.dates(date(1970, 1, 1), date(2999, 1, 1)))
    disburse_by = disburse_on + timedelta(days=draw(st.integers(0, 400)))
    count = draw(st.integers(1, instalments_max))
    due_on, rows = disburse_by, []
    bound = TOTAL_MINOR_MAX // (2 * instalments_max)
    for number in range(1, count + 1):
        due_on += timedelta(days=draw(st.integers(1, 400)))
        principal = draw(st.integers(0, bound))
        interest = draw(st.integers(0 if principal else 1, bound))
        rows.append(Instalment(number, due_on, principal, interest))
    principal = sum(row.principal_minor for row in rows)
    if principal == 0:
        rows[-1] = Instalment(count, due_on, 1, rows[-1].interest_minor)
        principal = 1
    names = draw(st.lists(texts, max_size=16, unique=True))
    purposes = [
        PurposeCap(name, draw(st.integers(0, 2**16 - 1)), draw(st.integers(1, principal)))
        for name in names
    ]
    if purposes:
        purposes[0] = PurposeCap(purposes[0].purpose, purposes[0].payee_category, principal)
    made = LoanTerms(
        agreement=draw(texts),
        lender=lender,
        borrower=borrower,
        currency=draw(st.text("ABCXYZ", min_size=3, max_size=3)),
        principal_minor=principal,
        method=draw(texts),
        day_count=draw(texts),
        annual_rate_ppm=draw(st.integers(0, 2**32 - 1)),
        rounding=draw(st.sampled_from(("half_even", "half_up"))),
        penalty_rate_ppm=draw(st.integers(0, 1_000_000)),
        penalty_year_days=draw(st.sampled_from((360, 365))),
        grace_days=draw(st.integers(0, 366)),
        utc_offset_minutes=draw(st.integers(-720, 840)),
        sign_by=draw(st.dates(date(1970, 1, 1), date(2999, 1, 1))),
        disburse_on=disburse_on,
        disburse_by=disburse_by,
        self_paid_minor_max=principal if not purposes else draw(st.integers(0, principal)),
        document_hash=draw(hashes),
        purposes=tuple(purposes),
        instalments=tuple(rows),
    )
    made.check_originable()
    return made


def abi_tuple(terms: LoanTerms) -> tuple[Any, ...]:
    """The terms as general ABI encoders take them."""
    return (
        text_word(terms.agreement, "agreement"),
        terms.lender,
        terms.borrower,
        text_word(terms.currency, "currency"),
        terms.principal_minor,
        text_word(terms.method, "method"),
        text_word(terms.day_count, "day_count"),
        terms.annual_rate_ppm,
        text_word(terms.rounding, "rounding"),
        terms.penalty_rate_ppm,
        terms.penalty_year_days,
        terms.grace_days,
        terms.utc_offset_minutes,
        date_number(terms.sign_by),
        date_number(terms.disburse_on),
        date_number(terms.disburse_by),
        terms.self_paid_minor_max,
        hash_bytes(terms.document_hash, "document_hash"),
        [(text_word(p.purpose, "purpose"), p.payee_category, p.cap_minor) for p in terms.purposes],
        [(date_number(r.due_on), r.principal_minor, r.interest_minor) for r in terms.instalments],
    )
