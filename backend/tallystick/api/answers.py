"""What more than one kind of request is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

from tallystick.actions.batch_outcome import ItemOutcome
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


class ItemView(BaseModel):
    """One call of a batch, which succeeds or is refused by itself."""

    kind: str = Field(description="the verb")
    subject: str = Field(description="the loan id it is about")
    status: str = Field(description="as the command's; mined or refused once that is mirrored")
    error: dict[str, Any] | None


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
    items: list[ItemView] = Field(description="what a batch holds; none of other commands")
    created_at: datetime
    settled_at: datetime | None


class TypedDataMember(BaseModel):
    name: str
    type: str


class TypedDataDomain(BaseModel):
    name: str
    version: str
    chainId: int  # noqa: N815 - EIP-712's own names
    verifyingContract: str  # noqa: N815


class TypedData(BaseModel):
    """The complete argument of `eth_signTypedData_v4`."""

    types: dict[str, list[TypedDataMember]]
    primaryType: str  # noqa: N815
    domain: TypedDataDomain
    message: dict[str, Any]


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
    """What the sides sign; members as in the signed message."""

    agreement: str
    lender: str = Field(description="who lent; see the loan for whom the claim was assigned to")
    borrower: str
    guarantor: str | None
    currency: str
    principal_minor: int
    method: str
    day_count: str
    annual_rate_ppm: int
    rounding: str
    allocation: str
    penalty_rate_ppm: int
    penalty_year_days: int
    grace_days: int
    prepayment: str
    prepayment_fee_ppm: int
    accelerate_after_days: int
    mandate_minor_max: int
    collectable_by: str
    guarantee_minor_max: int
    guarantee_after_days: int
    utc_offset_minutes: int
    sign_by: date
    disburse_on: date
    disburse_by: date
    self_paid_minor_max: int
    document_hash: str
    collateral_hash: str | None
    prior_loan_id: str | None
    lender_nonce: int
    borrower_nonce: int
    guarantor_nonce: int
    purposes: list[PurposeView]
    instalments: list[InstalmentView]


def command_view(command: Command, items: Sequence[ItemOutcome] = ()) -> CommandView:
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
        items=[
            ItemView(kind=one.kind, subject=one.subject, status=one.status, error=one.error)
            for one in items
        ],
        created_at=command.created_at,
        settled_at=command.settled_at,
    )


def accepted(command: Command, response: Response) -> CommandView:
    """The answer 202 to an order: the command, and where to see what becomes of it."""
    response.headers["Location"] = f"/v1/commands/{command.id}"
    return command_view(command)


def terms_view(terms: LoanTerms) -> TermsView:
    return TermsView.model_validate(terms.as_json())
