"""The mirror's tables of loans and of what happened to them; see `tallystick.store.mirror_tables`.

What the rows tell is the ledger's, and the names are its events'. A loan's rows go with it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
)

from tallystick.store.columns import (
    Address,
    Hash,
    Id,
    Name,
    UtcDateTime,
    block_number,
    metadata,
    minor,
    place,
    stands_at,
    tx_hash,
)


def _loan(**kwargs: Any) -> Column[int]:
    return Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), **kwargs)


def _at(name: str) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=False)


loans = Table(
    "loans",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="in chain order"),
    Column("loan_id", Hash, nullable=False, unique=True),
    # As signed.
    Column("agreement", Name, nullable=False),
    Column("first_lender_id", ForeignKey("parties.id"), nullable=False, comment="who signed"),
    Column("borrower_id", ForeignKey("parties.id"), nullable=False, index=True),
    Column("guarantor_id", ForeignKey("parties.id"), nullable=True, index=True),
    Column("currency", String(3), nullable=False),
    minor("principal_minor"),
    minor("interest_minor"),
    Column("matures_on", Date, nullable=False),
    Column("prepayment", String(19), nullable=False),
    Column("accelerate_after_days", Integer, nullable=False),
    Column("collectable_by", String(8), nullable=False),
    minor("mandate_minor_max"),
    minor("guarantee_minor_max"),
    Column("collateral_hash", Hash, nullable=True),
    Column("prior_loan_id", Hash, nullable=True, comment="the loan this one replaced"),
    Column("terms", JSON, nullable=False, comment="LoanTerms.as_json()"),
    # As it stands.
    Column("lender_id", ForeignKey("parties.id"), nullable=False, index=True, comment="at present"),
    Column("status", String(12), nullable=False, index=True),
    Column("next_loan_id", Hash, nullable=True, comment="the loan that replaced this one"),
    _at("originated_at"),
    Column("cancelled_at", UtcDateTime, nullable=True),
    Column("cancelled_by", Address, nullable=True),
    Column("disbursed_at", UtcDateTime, nullable=True, comment="or restructured into this loan"),
    Column("mandate_revoked_at", UtcDateTime, nullable=True),
    Column("accelerated_at", UtcDateTime, nullable=True),
    Column("written_off_at", UtcDateTime, nullable=True),
    Column("restructured_at", UtcDateTime, nullable=True, comment="into the next loan"),
    Column("closed_at", UtcDateTime, nullable=True),
    Column("collateral_released_at", UtcDateTime, nullable=True),
    # How far it is repaid: `Repaid`.
    Column("accrued_on", Date, nullable=True),
    Column("next_instalment", Integer, nullable=False),
    minor("paid_on_next_minor"),
    Column("penalty_unit_days", String(39), nullable=False, comment="up to 128 bits, decimal"),
    minor("penalty_repaid_minor", comment="of the penalty accrued, not of what was carried"),
    Column("reduced_from_instalment", Integer, nullable=False),
    minor("reduced_shift_minor"),
    minor("reduced_numerator_minor"),
    minor("reduced_denominator_minor"),
    minor("reduced_current_principal_minor"),
    minor("carried_penalty_minor"),
    minor("carried_interest_minor"),
    minor("accelerated_interest_minor"),
    minor("accelerated_principal_minor"),
    Column("oldest_due_on", Date, nullable=True),
    # What repayments of all kinds brought: `Received`.
    minor("received_penalty_minor"),
    minor("received_interest_minor"),
    minor("received_principal_minor"),
    minor("received_fee_minor"),
    # Money beside the schedule: `Account`.
    minor("controlled_minor"),
    minor("withdrawn_minor"),
    minor("collected_minor"),
    minor("guaranteed_minor"),
    minor("reimbursed_minor"),
    Column("assignment_count", Integer, nullable=False),
    minor("written_off_minor", comment="principal outstanding when it was written off"),
    block_number(comment="of its latest event"),
)

purposes = Table(
    "purposes",
    metadata,
    _loan(primary_key=True),
    Column("purpose", Name, primary_key=True),
    Column("payee_category", Integer, nullable=False),
    minor("cap_minor"),
    minor("spent_minor"),
)

instalments = Table(
    "instalments",
    metadata,
    _loan(primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("due_on", Date, nullable=False),
    minor("signed_principal_minor"),
    minor("signed_interest_minor"),
    minor("principal_minor", comment="as it stands after prepayments"),
    minor("interest_minor", comment="as it stands after prepayments"),
    minor("principal_repaid_minor"),
    minor("interest_repaid_minor"),
    Column(
        "is_settled",
        Boolean,
        nullable=False,
        comment="nothing is left to repay on it; also once acceleration replaced it",
    ),
)

disbursements = Table(
    "disbursements",
    metadata,
    _loan(primary_key=True),
    minor("amount_minor"),
    _at("disbursed_at"),
    *stands_at(),
)

uses_of_proceeds = Table(
    "uses_of_proceeds",
    metadata,
    *place(),
    _loan(nullable=False, index=True),
    Column("payee", Address, nullable=False, index=True, comment="the borrower if self-paid"),
    Column("purpose", Name, nullable=True, comment="agreed one, if paid to a payee"),
    Column("kind", String(9), nullable=False, comment="paid, withdrawn, released, held or applied"),
    minor("amount_minor"),
    Column("evidence_hash", Hash, nullable=True),
    _at("used_at"),
    tx_hash(),
)

repayments = Table(
    "repayments",
    metadata,
    *place(),
    _loan(nullable=False, index=True),
    Column("payer", Address, nullable=False),
    Column("kind", String(10), nullable=False, comment="a RepaymentKind"),
    minor("amount_minor"),
    minor("penalty_minor"),
    minor("interest_minor"),
    minor("principal_minor"),
    minor("fee_minor"),
    _at("received_at"),
    tx_hash(),
)

allocations = Table(
    "allocations",
    metadata,
    *place(),
    Column(
        "number",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="of the instalment; 0 for what is none: carried, accelerated or prepaid",
    ),
    minor("interest_minor"),
    minor("principal_minor"),
    ForeignKeyConstraint(
        ["block_number", "log_index"],
        ["repayments.block_number", "repayments.log_index"],
        name="fk_allocations_repayment",
        ondelete="CASCADE",
    ),
    comment="what a repayment did to each instalment",
)

accelerations = Table(
    "accelerations",
    metadata,
    _loan(primary_key=True),
    minor("interest_minor"),
    minor("principal_minor"),
    Column("reason_hash", Hash, nullable=False),
    _at("accelerated_at"),
    *stands_at(),
    comment="what replaced the instalments",
)

write_offs = Table(
    "write_offs",
    metadata,
    _loan(primary_key=True),
    minor("principal_minor"),
    minor("interest_minor"),
    minor("penalty_minor"),
    Column("reason_hash", Hash, nullable=False),
    _at("written_off_at"),
    *stands_at(),
)

restructurings = Table(
    "restructurings",
    metadata,
    _loan(primary_key=True, comment="the loan that began"),
    Column("prior_loan_id", Hash, nullable=False, index=True, comment="the loan that ended"),
    minor("penalty_minor"),
    minor("interest_minor"),
    minor("principal_minor"),
    minor("controlled_minor"),
    _at("restructured_at"),
    *stands_at(),
    comment="what one loan handed on to the next",
)

claims_assigned = Table(
    "claims_assigned",
    metadata,
    *place(),
    _loan(nullable=False, index=True),
    Column("lender", Address, nullable=False),
    Column("assignee", Address, nullable=False),
    minor("price_minor"),
    Column("assignment_count", Integer, nullable=False, comment="with this one"),
    _at("assigned_at"),
    tx_hash(),
)

reimbursements = Table(
    "reimbursements",
    metadata,
    *place(),
    _loan(nullable=False, index=True),
    Column("guarantor", Address, nullable=False),
    Column("payer", Address, nullable=False),
    minor("amount_minor"),
    _at("reimbursed_at"),
    tx_hash(),
    comment="what guarantors got back of what they had paid",
)

payouts_held = Table(
    "payouts_held",
    metadata,
    *place(),
    _loan(nullable=False, index=True),
    Column("party", Address, nullable=False, index=True),
    Column("kind", String(11), nullable=False, comment="the MovementKind it would have been"),
    minor("amount_minor"),
    _at("held_at"),
    tx_hash(),
    comment="what parties could not receive; claims tells what is left of it",
)

notices_served = Table(
    "notices_served",
    metadata,
    _loan(primary_key=True),
    Column("content_hash", Hash, primary_key=True),
    Column("step", Name, nullable=False),
    _at("served_at"),
    block_number(),
    tx_hash(),
)

LOAN_TABLES = (
    loans,
    purposes,
    instalments,
    disbursements,
    uses_of_proceeds,
    repayments,
    allocations,
    accelerations,
    write_offs,
    restructurings,
    claims_assigned,
    reimbursements,
    payouts_held,
    notices_served,
)
"""Parents before children."""
