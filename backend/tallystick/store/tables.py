"""The office's tables: the house's own profiles, drafts, commands, notices, keys.

The mirror's are in `tallystick.store.mirror_tables`; both are of one schema.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from tallystick.store import mirror_tables  # noqa: F401 - both halves make the one schema
from tallystick.store.columns import Address, Hash, Id, Name, UtcDateTime, minor
from tallystick.store.columns import metadata as metadata

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
    Column("guarantor", Address, nullable=True, index=True),
    Column("terms", JSON, nullable=False),
    Column("lender_signature", Text, nullable=True),
    Column("borrower_signature", Text, nullable=True),
    Column("guarantor_signature", Text, nullable=True),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    comment="terms out for signature; the signed loan itself is the mirror's",
)

assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", Hash, primary_key=True, comment="digest of the signed message"),
    Column("loan_id", Hash, nullable=False, index=True),
    Column("lender", Address, nullable=False, index=True),
    Column("assignee", Address, nullable=False, index=True),
    minor("price_minor"),
    Column("assignment_count", Integer, nullable=False, comment="how often assigned before"),
    Column("sign_by", Date, nullable=False),
    Column("lender_nonce", BigInteger, nullable=False, comment="of its signatures"),
    Column("assignee_nonce", BigInteger, nullable=False),
    Column("lender_signature", Text, nullable=True),
    Column("assignee_signature", Text, nullable=True),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    comment="assignments out for signature; those that took place are the mirror's",
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

batch_items = Table(
    "batch_items",
    metadata,
    Column("command_id", ForeignKey("commands.id"), primary_key=True),
    Column("item", Integer, primary_key=True, autoincrement=False, comment="from 0"),
    Column("kind", String(40), nullable=False, comment="the verb"),
    Column("subject", Text, nullable=False, comment="what it is about: a loan id"),
    comment="what a command of several calls holds; those that failed are the mirror's",
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
