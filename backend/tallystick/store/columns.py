"""What columns are made of: the types all tables share.

Addresses and hashes are lower-case `0x` hex; amounts are minor units and fit 63 bits by the
contract's own bound; times are UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    TypeDecorator,
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


def minor(name: str, **kwargs: Any) -> Column[int]:
    """An amount."""
    return Column(name, Minor, nullable=False, **kwargs)


def block_number(**kwargs: Any) -> Column[int]:
    return Column("block_number", BigInteger, nullable=False, **kwargs)


def place() -> tuple[Column[int], Column[int]]:
    """Where the event stands that the row tells of, as the row's key."""
    return (
        Column("block_number", BigInteger, primary_key=True, autoincrement=False),
        Column("log_index", Integer, primary_key=True, autoincrement=False),
    )


def stands_at() -> tuple[Column[int], Column[int], Column[str]]:
    """Likewise, where something else is the key; with the tx."""
    return (
        block_number(),
        Column("log_index", Integer, nullable=False),
        tx_hash(),
    )


def tx_hash(**kwargs: Any) -> Column[str]:
    return Column("tx_hash", Hash, nullable=False, **kwargs)
