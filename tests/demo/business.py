"""What a demo came to for the business: no blocks, no time of day, no addresses of staff."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

_HASH = re.compile("0x[0-9a-f]{64}")
_QUESTIONS = {
    "loans": """
        SELECT loan_id, agreement, status, received_principal_minor, received_interest_minor,
               received_penalty_minor, received_fee_minor, penalty_unit_days, controlled_minor,
               withdrawn_minor, collected_minor, guaranteed_minor, reimbursed_minor,
               assignment_count, written_off_minor, next_instalment, paid_on_next_minor,
               date(disbursed_at), date(closed_at), date(written_off_at), prior_loan_id
        FROM loans""",
    "repayments": """
        SELECT loans.loan_id, date(received_at), amount_minor, repayments.penalty_minor,
               repayments.interest_minor, repayments.principal_minor, repayments.fee_minor,
               repayments.kind
        FROM repayments JOIN loans ON loans.id = repayments.loan_id""",
    "balances": """
        SELECT profiles.name, balance_minor FROM balances JOIN profiles USING (address)""",
    "notices": """
        SELECT loan_id, instalment, step, recipient, content_hash, status, date(served_at)
        FROM notices""",
    "anchored": """
        SELECT loans.loan_id, content_hash, step, date(served_at)
        FROM notices_served JOIN loans ON loans.id = notices_served.loan_id""",
    "day closes": "SELECT closed_on, summary FROM day_closes",
    "commands": """
        SELECT idempotency_key, kind, status, json_extract(error, '$.type') FROM commands
        WHERE idempotency_key NOT LIKE '%/approve/%'""",
}


def business_of(home: Path) -> dict[str, list[Any]]:
    """Equal for demos of as many loans, whatever happened to their processes."""
    with closing(sqlite3.connect(home / "tallystick.sqlite")) as database:
        return {
            what: sorted(database.execute(question).fetchall(), key=repr)
            for what, question in _QUESTIONS.items()
        }


def comparable_business_of(home: Path) -> dict[str, list[Any]]:
    """The same for demos in two homes: loans by their agreements, without hashes over loan ids. A
    co-lender is a contract, whose address is another in each home, and is in the terms."""
    business = business_of(home)
    agreements = {loan_id: agreement for loan_id, agreement, *_ in business["loans"]}

    def name(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return _HASH.sub(lambda found: agreements.get(found[0], "hash"), value)

    return {
        what: sorted((tuple(map(name, row)) for row in rows), key=repr)
        for what, rows in business.items()
    }
