"""The mirror's tables of co-lendings: what their events tell, one row each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Table

from tallystick.store.columns import (
    Address,
    Hash,
    UtcDateTime,
    metadata,
    minor,
    place,
    stands_at,
    tx_hash,
)


def _co_lending(**kwargs: Any) -> Column[str]:
    return Column("co_lending", ForeignKey("co_lendings.address", ondelete="CASCADE"), **kwargs)


def _at(name: str) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=False)


co_lendings = Table(
    "co_lendings",
    metadata,
    Column("address", Address, primary_key=True),
    Column("salt", Hash, nullable=False),
    _at("created_at"),
    *stands_at(),
    comment="several lenders that are one, by a contract",
)

co_lending_members = Table(
    "co_lending_members",
    metadata,
    _co_lending(primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="from 0"),
    Column("party", Address, nullable=False, index=True),
    Column("rank", Integer, nullable=False),
    minor("commitment_minor"),
    minor("priority_minor"),
    Column("share", BigInteger, nullable=False, comment="parts of all members' shares"),
)

commitments_funded = Table(
    "commitments_funded",
    metadata,
    _co_lending(primary_key=True),
    Column("loan_id", Hash, nullable=False, unique=True),
    minor("amount_minor"),
    _at("funded_at"),
    *stands_at(),
)

consents = Table(
    "consents",
    metadata,
    *place(),
    _co_lending(nullable=False, index=True),
    Column("member", Address, nullable=False),
    Column("digest", Hash, nullable=False),
    Column("is_given", Boolean, nullable=False, comment="or withdrawn"),
    _at("changed_at"),
    tx_hash(),
)

acts_taken = Table(
    "acts_taken",
    metadata,
    *place(),
    _co_lending(nullable=False, index=True),
    Column("digest", Hash, nullable=False),
    Column("call", LargeBinary, nullable=False, comment="of the ledger"),
    minor("agreed_minor"),
    _at("taken_at"),
    tx_hash(),
)

shares = Table(
    "shares",
    metadata,
    *place(),
    _co_lending(nullable=False, index=True),
    Column("member", Address, nullable=False, index=True),
    Column("is_held", Boolean, nullable=False, comment="it could not be paid, and stays owed"),
    minor("amount_minor"),
    _at("shared_at"),
    tx_hash(),
)

CO_LENDING_TABLES = (
    co_lendings,
    co_lending_members,
    commitments_funded,
    consents,
    acts_taken,
    shares,
)
"""Parents before children."""
