"""The tables, in two halves.

The mirror's tables are a function of the chain's logs: `mirror rebuild` empties and refills them.
The office's tables are the house's own: profiles, drafts, commands, notices, keys. The office never
points at the mirror by its surrogate ids, which a rebuild may deal out anew, but by address and
loan id.

Addresses and hashes are lower-case `0x` hex; amounts are minor units and fit 63 bits by the
contract's own bound; times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on every database; a naive one is a bug and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime bound to a UTC column")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives automatic row ids to INTEGER keys only.
Id = BigInteger().with_variant(Integer, "sqlite")
Minor = BigInteger
Address = String(42)
Hash = String(66)
Name = String(31)


def _minor(name: str, **kwargs: Any) -> Column[int]:
    return Column(name, Minor, nullable=False, **kwargs)


# ---------------------------------------------------------------- mirror: where it stands

cursor = Table(
    "cursor",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("ledger", Address, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", Hash, nullable=False),
    Column("block_at", UtcDateTime, nullable=False),
    Column("finalized_block_number", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("block_hash", Hash, nullable=False),
    Column("parent_hash", Hash, nullable=False),
    Column("block_at", UtcDateTime, nullable=False),
    comment="headers of blocks that a reorg may still undo",
)

raw_logs = Table(
    "raw_logs",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("block_hash", Hash, nullable=False),
    Column("block_at", UtcDateTime, nullable=False),
    Column("tx_hash", Hash, nullable=False),
    Column("address", Address, nullable=False),
    Column("topics", LargeBinary, nullable=False, comment="32 bytes each, one after the other"),
    Column("data", LargeBinary, nullable=False),
    Column("loan_id", BigInteger, nullable=True, comment="loans.id, to replay one loan"),
    Column("party_id", BigInteger, nullable=True, comment="parties.id, to replay one party"),
)
Index(
    "ix_raw_logs_loan_id",
    raw_logs.c.loan_id,
    sqlite_where=raw_logs.c.loan_id.is_not(None),
    postgresql_where=raw_logs.c.loan_id.is_not(None),
)
Index(
    "ix_raw_logs_party_id",
    raw_logs.c.party_id,
    sqlite_where=raw_logs.c.party_id.is_not(None),
    postgresql_where=raw_logs.c.party_id.is_not(None),
)

# ---------------------------------------------------------------- mirror: projections

parties = Table(
    "parties",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="in chain order"),
    Column("address", Address, nullable=False, unique=True),
    Column("roles", Integer, nullable=False),
    Column("payee_category", Integer, nullable=False),
    Column("identity_commitment", Hash, nullable=False),
    Column("is_frozen", Boolean, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("block_number", BigInteger, nullable=False),
)

loans = Table(
    "loans",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="in chain order"),
    Column("loan_id", Hash, nullable=False, unique=True),
    Column("agreement", Name, nullable=False),
    Column("lender_id", ForeignKey("parties.id"), nullable=False, index=True),
    Column("borrower_id", ForeignKey("parties.id"), nullable=False, index=True),
    Column("currency", String(3), nullable=False),
    _minor("principal_minor"),
    _minor("interest_minor"),
    Column("matures_on", Date, nullable=False),
    Column("terms", JSON, nullable=False, comment="LoanTerms.as_json()"),
    Column("status", String(12), nullable=False, index=True),
    Column("originated_at", UtcDateTime, nullable=False),
    Column("disbursed_at", UtcDateTime, nullable=True),
    Column("written_off_at", UtcDateTime, nullable=True),
    Column("closed_at", UtcDateTime, nullable=True),
    Column("accrued_on", Date, nullable=True),
    Column("next_instalment", Integer, nullable=False),
    _minor("paid_on_next_minor"),
    _minor("principal_repaid_minor"),
    _minor("interest_repaid_minor"),
    _minor("penalty_repaid_minor"),
    Column("penalty_unit_days", String(39), nullable=False, comment="up to 128 bits, decimal"),
    _minor("controlled_minor"),
    _minor("withdrawn_minor"),
    _minor("written_off_minor"),
    Column("block_number", BigInteger, nullable=False, comment="of its latest event"),
)

purposes = Table(
    "purposes",
    metadata,
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", Name, primary_key=True),
    Column("payee_category", Integer, nullable=False),
    _minor("cap_minor"),
    _minor("spent_minor"),
)

instalments = Table(
    "instalments",
    metadata,
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("due_on", Date, nullable=False),
    _minor("principal_minor"),
    _minor("interest_minor"),
    _minor("principal_repaid_minor"),
    _minor("interest_repaid_minor"),
    Column("is_settled", Boolean, nullable=False, comment="nothing is left to repay on it"),
)

disbursements = Table(
    "disbursements",
    metadata,
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), primary_key=True),
    _minor("amount_minor"),
    Column("disbursed_at", UtcDateTime, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("tx_hash", Hash, nullable=False),
)

uses_of_proceeds = Table(
    "uses_of_proceeds",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("payee", Address, nullable=False, index=True, comment="the borrower if self-paid"),
    Column("purpose", Name, nullable=True, comment="none if self-paid or released at closing"),
    Column("kind", String(9), nullable=False, comment="paid, withdrawn, released or held"),
    _minor("amount_minor"),
    Column("evidence_hash", Hash, nullable=True),
    Column("used_at", UtcDateTime, nullable=False),
    Column("tx_hash", Hash, nullable=False),
)

repayments = Table(
    "repayments",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("payer", Address, nullable=False),
    _minor("amount_minor"),
    _minor("penalty_minor"),
    _minor("interest_minor"),
    _minor("principal_minor"),
    Column("is_payoff", Boolean, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("tx_hash", Hash, nullable=False),
)

allocations = Table(
    "allocations",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="of the instalment"),
    _minor("interest_minor"),
    _minor("principal_minor"),
    ForeignKeyConstraint(
        ["block_number", "log_index"],
        ["repayments.block_number", "repayments.log_index"],
        name="fk_allocations_repayment",
        ondelete="CASCADE",
    ),
    comment="what a repayment did to each instalment",
)

transfers = Table(
    "transfers",
    metadata,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("sender", Address, nullable=False),
    Column("receiver", Address, nullable=False),
    _minor("amount_minor"),
    Column("kind", String(11), nullable=False, comment="a MovementKind"),
    Column(
        "loan_id",
        ForeignKey("loans.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
        comment="if the ledger moved it for a loan",
    ),
    Column("purpose", Name, nullable=True),
    Column("evidence_hash", Hash, nullable=True),
    Column("bank_reference", Hash, nullable=True),
    Column("transferred_at", UtcDateTime, nullable=False),
    Column("tx_hash", Hash, nullable=False),
    Index(None, "sender", "block_number"),
    Index(None, "receiver", "block_number"),
)

balances = Table(
    "balances",
    metadata,
    Column("address", Address, primary_key=True),
    _minor("balance_minor"),
    comment="settlement tokens held, the ledger's own included",
)

claims = Table(
    "claims",
    metadata,
    Column("address", Address, primary_key=True),
    _minor("claimable_minor"),
    comment="money the ledger holds for parties that could not receive it",
)

notices_served = Table(
    "notices_served",
    metadata,
    Column("loan_id", ForeignKey("loans.id", ondelete="CASCADE"), primary_key=True),
    Column("content_hash", Hash, primary_key=True),
    Column("step", Name, nullable=False),
    Column("served_at", UtcDateTime, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("tx_hash", Hash, nullable=False),
)

PROJECTION_TABLES = (
    parties,
    loans,
    purposes,
    instalments,
    disbursements,
    uses_of_proceeds,
    repayments,
    allocations,
    transfers,
    balances,
    claims,
    notices_served,
)
"""What is derived from the raw logs, parents before children."""

MIRROR_TABLES = (cursor, blocks, raw_logs, *PROJECTION_TABLES)
"""All that comes from the chain."""

# ---------------------------------------------------------------- office

profiles = Table(
    "profiles",
    metadata,
    Column("address", Address, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=True),
    Column("language", String(2), nullable=False, comment="zh or en"),
    Column("salt", Hash, nullable=False, comment="of the identity commitment"),
    comment="personal data: here only, never on chain, erasable",
)

agreements = Table(
    "agreements",
    metadata,
    Column("loan_id", Hash, primary_key=True),
    Column("lender", Address, nullable=False, index=True),
    Column("borrower", Address, nullable=False, index=True),
    Column("terms", JSON, nullable=False),
    Column("lender_signature", Text, nullable=True),
    Column("borrower_signature", Text, nullable=True),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    comment="terms out for signature; the signed loan itself is the mirror's",
)

commands = Table(
    "commands",
    metadata,
    Column("id", Id, primary_key=True),
    Column("idempotency_key", String(200), nullable=False, unique=True),
    Column("request_hash", Hash, nullable=False, comment="same key, other request: refused"),
    Column("caller", Text, nullable=False),
    Column("kind", String(40), nullable=False, comment="the verb: originate, disburse, ..."),
    Column("subject", Text, nullable=False, comment="what it is about: a loan id or an address"),
    Column("lane", Address, nullable=False, comment="the signing account"),
    Column("target", Address, nullable=False),
    Column("calldata", LargeBinary, nullable=False),
    Column("gas_limit", BigInteger, nullable=False),
    Column("status", String(10), nullable=False, comment="pending, signed, sent, mined or refused"),
    Column("nonce", BigInteger, nullable=True),
    Column("raw_tx", LargeBinary, nullable=True),
    Column("tx_hash", Hash, nullable=True, index=True),
    Column(
        "earlier_txs",
        JSON(none_as_null=True),
        nullable=True,
        comment="[tx hash, is filler] it replaced",
    ),
    Column("block_number", BigInteger, nullable=True),
    Column("gas_used", BigInteger, nullable=True),
    Column("error", JSON(none_as_null=True), nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime, nullable=True),
    UniqueConstraint("lane", "nonce"),
    Index(None, "status", "id"),
    comment="outbox to the chain: signed bytes are kept before they are sent",
)

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("loan_id", Hash, nullable=False),
    Column("instalment", Integer, nullable=False),
    Column("step", Name, nullable=False),
    Column("recipient", Address, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("language", String(2), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("content_hash", Hash, nullable=False, unique=True),
    Column("written_on", Date, nullable=False),
    Column("status", String(10), nullable=False, comment="written, served or failed"),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", UtcDateTime, nullable=True, comment="not sent again before, if tried"),
    Column("served_at", UtcDateTime, nullable=True),
    Column("error", Text, nullable=True),
    UniqueConstraint("loan_id", "instalment", "step"),
    Index(None, "status", "id"),
)

day_closes = Table(
    "day_closes",
    metadata,
    Column("closed_on", Date, primary_key=True),
    Column("block_number", BigInteger, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("key_hash", Hash, nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("party", Address, nullable=True, comment="whom a lender's or borrower's key speaks for"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime, nullable=True),
)

audit_trail = Table(
    "audit_trail",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("caller", Text, nullable=False),
    Column("verb", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", String(40), nullable=False),
)
