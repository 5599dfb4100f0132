"""What more than one kind of request is answered with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


class CommandView(BaseModel):
    """A command to the chain: written now, sent and settled by the house."""

    id: int
    kind: str = Field(description="the verb")
    subject: str = Field(description="the loan id or address it is about")
    caller: str = Field(description="name of the API key that gave it")
    lane: str = Field(description="the account that signs it")
    status: str = Field(description="pending, signed, sent, mined or refused")
    tx_hash: str | None
    block_number: int | None
    gas_used: int | None
    error: dict[str, Any] | None = Field(
        description="the decoded refusal of a refused command: type, detail and data"
    )
    created_at: datetime
    settled_at: datetime | None


class PurposeView(BaseModel):
    purpose: str
    payee_category: int
    cap_minor: int


class InstalmentView(BaseModel):
    number: int
    due_on: date
    principal_minor: int
    interest_minor: int


class TermsView(BaseModel):
    """What lender and borrower sign; members as in the signed message."""

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
    purposes: list[PurposeView]
    instalments: list[InstalmentView]


def command_view(command: Command) -> CommandView:
    return CommandView(
        id=command.id,
        kind=command.kind,
        subject=command.subject,
        caller=command.caller,
        lane=command.lane,
        status=command.status,
        tx_hash=command.tx_hash,
        block_number=command.block_number,
        gas_used=command.gas_used,
        error=command.error,
        created_at=command.created_at,
        settled_at=command.settled_at,
    )


def accepted(command: Command, response: Response) -> CommandView:
    """The answer 202 to an order: the command, and where to see what becomes of it."""
    response.headers["Location"] = f"/v1/commands/{command.id}"
    return command_view(command)


def terms_view(terms: LoanTerms) -> TermsView:
    return TermsView.model_validate(terms.as_json())
