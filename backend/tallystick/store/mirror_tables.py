"""The mirror's tables: a function of the chain's logs, emptied and refilled by `mirror rebuild`.

The office's tables (`tallystick.store.tables`) are the house's own. They never point at the
mirror by its surrogate ids, which a rebuild may deal out anew, but by address and loan id.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from tallystick.store.colending_tables import CO_LENDING_TABLES
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
from tallystick.store.loan_tables import LOAN_TABLES

# ---------------------------------------------------------------- where it stands

cursor = Table(
    "cursor",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("ledger", Address, nullable=False),
    block_number(),
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
    *place(),
    Column("block_hash", Hash, nullable=False),
    Column("block_at", UtcDateTime, nullable=False),
    tx_hash(),
    Column("address", Address, nullable=False),
    Column("topics", LargeBinary, nullable=False, comment="32 bytes each, one after the other"),
    Column("data", LargeBinary, nullable=False),
    Column("loan_id", BigInteger, nullable=True, comment="loans.id, to replay one loan"),
    Column("prior_loan_id", BigInteger, nullable=True, comment="of the loan it ended, likewise"),
    Column("party_id", BigInteger, nullable=True, comment="parties.id, to replay one party"),
    Column("is_of_staff", Boolean, nullable=False, comment="to replay who may do what"),
)
for _column in (raw_logs.c.loan_id, raw_logs.c.prior_loan_id, raw_logs.c.party_id):
    Index(
        f"ix_raw_logs_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
        postgresql_where=_column.is_not(None),
    )
Index(
    "ix_raw_logs_is_of_staff",
    raw_logs.c.block_number,
    sqlite_where=text("is_of_staff"),
    postgresql_where=text("is_of_staff"),
)

# ---------------------------------------------------------------- parties and their money

parties = Table(
    "parties",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False, comment="in chain order"),
    Column("address", Address, nullable=False, unique=True),
    Column("roles", Integer, nullable=False),
    Column("payee_category", Integer, nullable=False),
    Column("identity_commitment", Hash, nullable=False),
    Column("is_frozen", Boolean, nullable=False),
    Column("signature_nonce", Integer, nullable=False, comment="of what it signs now"),
    Column("registered_at", UtcDateTime, nullable=False),
    block_number(),
)

transfers = Table(
    "transfers",
    metadata,
    *place(),
    Column("sender", Address, nullable=False),
    Column("receiver", Address, nullable=False),
    minor("amount_minor"),
    Column("kind", String(11), nullable=False, comment="a MovementKind"),
    Column(
        "loan_id",
        ForeignKey("loans.id", ondelete="CASCADE"),
        nullable=True,
        index=True,
        comment="if it was for a loan",
    ),
    Column("held_for", Address, nullable=True, comment="who could not receive it"),
    Column("purpose", Name, nullable=True),
    Column("evidence_hash", Hash, nullable=True),
    Column("bank_reference", Hash, nullable=True),
    Column("transferred_at", UtcDateTime, nullable=False),
    tx_hash(),
    Index(None, "sender", "block_number"),
    Index(None, "receiver", "block_number"),
)
Index(
    "ix_transfers_held_for",
    transfers.c.held_for,
    sqlite_where=transfers.c.held_for.is_not(None),
    postgresql_where=transfers.c.held_for.is_not(None),
)

balances = Table(
    "balances",
    metadata,
    Column("address", Address, primary_key=True),
    minor("balance_minor"),
    comment="settlement tokens held, the ledger's own included",
)

claims = Table(
    "claims",
    metadata,
    Column("address", Address, primary_key=True),
    minor("claimable_minor"),
    comment="money the ledger holds for parties that could not receive it",
)

# ---------------------------------------------------------------- the ledger itself

revoked_signatures = Table(
    "revoked_signatures",
    metadata,
    Column("loan_id", Hash, primary_key=True, comment="of terms that are no loan"),
    Column("party", Address, nullable=False),
    Column("revoked_at", UtcDateTime, nullable=False),
    *stands_at(),
)

pauses = Table(
    "pauses",
    metadata,
    *place(),
    Column("by", Address, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    tx_hash(),
)

batch_failures = Table(
    "batch_failures",
    metadata,
    *place(),
    Column("item", Integer, nullable=False, comment="from 0"),
    Column("selector", String(10), nullable=False, comment="of the function it called"),
    Column("reason", LargeBinary, nullable=False, comment="the encoded error"),
    Column("failed_at", UtcDateTime, nullable=False),
    tx_hash(index=True),
)

# ---------------------------------------------------------------- staff: who may do what

Role = String(20)  # up to 64 bits, decimal

staff_roles = Table(
    "staff_roles",
    metadata,
    Column("role", Role, primary_key=True, comment="its number"),
    Column("label", Text, nullable=True),
    Column("admin", Role, nullable=False, comment="whose members deal it out"),
    Column("guardian", Role, nullable=False, comment="whose members withdraw what is announced"),
    Column("grant_delay_seconds", BigInteger, nullable=False),
    Column("next_grant_delay_seconds", BigInteger, nullable=True),
    Column("next_grant_delay_at", UtcDateTime, nullable=True),
)

role_grants = Table(
    "role_grants",
    metadata,
    Column("role", Role, primary_key=True),
    Column("account", Address, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("delay_seconds", BigInteger, nullable=False, comment="from announcing to acting"),
    Column("next_delay_seconds", BigInteger, nullable=True),
    Column("next_delay_at", UtcDateTime, nullable=True),
)

guarded_contracts = Table(
    "guarded_contracts",
    metadata,
    Column("address", Address, primary_key=True),
    Column("authority", Address, nullable=True, comment="whom it asks; none if not ours"),
    Column("is_closed", Boolean, nullable=False),
    Column("admin_delay_seconds", BigInteger, nullable=False),
    Column("next_admin_delay_seconds", BigInteger, nullable=True),
    Column("next_admin_delay_at", UtcDateTime, nullable=True),
)

guarded_functions = Table(
    "guarded_functions",
    metadata,
    Column("address", Address, primary_key=True),
    Column("selector", String(10), primary_key=True),
    Column("role", Role, nullable=False, comment="whose members may call it"),
)

scheduled_operations = Table(
    "scheduled_operations",
    metadata,
    Column("operation_id", Hash, primary_key=True),
    Column("nonce", Integer, primary_key=True, autoincrement=False),
    Column("caller", Address, nullable=False),
    Column("target", Address, nullable=False),
    Column("calldata", LargeBinary, nullable=False),
    Column("ready_at", UtcDateTime, nullable=False),
    Column("status", String(9), nullable=False, comment="scheduled, executed or cancelled"),
    *stands_at(),
)

STAFF_TABLES = (
    staff_roles,
    role_grants,
    guarded_contracts,
    guarded_functions,
    scheduled_operations,
)

LEDGER_WIDE_TABLES = (revoked_signatures, pauses, batch_failures)

PROJECTION_TABLES = (
    parties,
    *LOAN_TABLES,
    transfers,
    balances,
    claims,
    *LEDGER_WIDE_TABLES,
    *STAFF_TABLES,
    *CO_LENDING_TABLES,
)
"""What is derived from the raw logs, parents before children."""

MIRROR_TABLES = (cursor, blocks, raw_logs, *PROJECTION_TABLES)
"""All that comes from the chain."""
