"""What a node answers, checked member by member before anyone uses it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec

from tallystick.chain.failures import NodeAnswerInvalid, NodeLagging

_QUANTITY_CHARS_MAX = 2 + 64
_BLOOM_BYTES = 256
_EXTRA_DATA_BYTES_MAX = 32


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """`timestamp` is unix seconds; `base_fee` is wei per gas, none on chains without one."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    logs_bloom: bytes
    base_fee: int | None


@dataclass(frozen=True, slots=True)
class RawLog:
    """`topics` are 32 bytes each, one after the other. `block_timestamp` only if the node tells."""

    block_number: int
    log_index: int
    block_hash: str
    tx_hash: str
    address: str
    topics: bytes
    data: bytes
    block_timestamp: int | None


@dataclass(frozen=True, slots=True)
class Receipt:
    tx_hash: str
    block_number: int
    block_hash: str
    is_successful: bool
    gas_used: int
    contract_address: str | None


class HeaderJson(msgspec.Struct, rename="camel"):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    extra_data: str
    base_fee_per_gas: str | None = None


class LogJson(msgspec.Struct, rename="camel"):
    block_number: str
    log_index: str
    block_hash: str
    transaction_hash: str
    address: str
    topics: list[str]
    data: str
    removed: bool = False
    block_timestamp: str | None = None


class ReceiptJson(msgspec.Struct, rename="camel"):
    transaction_hash: str
    block_number: str
    block_hash: str
    status: str
    gas_used: str
    contract_address: str | None = None


def quantity(text: object, what: str) -> int:
    """A `0x` number. Raises NodeAnswerInvalid, as every reader here does."""
    if (
        not isinstance(text, str)
        or len(text) > _QUANTITY_CHARS_MAX
        or not text.startswith("0x")
        or not (text.isascii() and text.isalnum())
    ):
        raise _invalid(what, text)
    try:
        return int(text, 16)
    except ValueError:
        raise _invalid(what, text) from None


def octets(text: object, what: str) -> bytes:
    """`0x` and an even number of hex digits."""
    if isinstance(text, str) and text.startswith("0x"):
        try:
            value = bytes.fromhex(text[2:])
        except ValueError:
            raise _invalid(what, text) from None
        # fromhex() skips blanks.
        if 2 * len(value) + 2 == len(text):
            return value
    raise _invalid(what, text)


def digest(text: object, what: str) -> str:
    """A hash, in lower case."""
    if len(octets(text, what)) != 32:
        raise _invalid(what, text)
    return str(text).lower()


def address(text: object, what: str) -> str:
    """An address, in lower case."""
    if len(octets(text, what)) != 20:
        raise _invalid(what, text)
    return str(text).lower()


def read_header(source: HeaderJson, *, poa: bool) -> BlockHeader:
    if len(octets(source.extra_data, "extraData")) > _EXTRA_DATA_BYTES_MAX and not poa:
        raise NodeAnswerInvalid(
            f"Block {source.number} carries validators' seals in extraData: the chain is run by "
            "proof of authority. Set TALLYSTICK_POA=true if that is meant."
        )
    bloom = octets(source.logs_bloom, "logsBloom")
    if len(bloom) != _BLOOM_BYTES:
        raise _invalid("logsBloom", source.logs_bloom)
    return BlockHeader(
        number=quantity(source.number, "number"),
        hash=digest(source.hash, "hash"),
        parent_hash=digest(source.parent_hash, "parentHash"),
        timestamp=quantity(source.timestamp, "timestamp"),
        logs_bloom=bloom,
        base_fee=(
            None
            if source.base_fee_per_gas is None
            else quantity(source.base_fee_per_gas, "baseFeePerGas")
        ),
    )


def read_receipt(source: ReceiptJson, tx_hash: str) -> Receipt:
    status = quantity(source.status, "status")
    if status > 1:
        raise _invalid("status", source.status)
    if (told := digest(source.transaction_hash, "transactionHash")) != tx_hash:
        raise NodeAnswerInvalid(f"Asked for the receipt of {tx_hash}, the node answered {told}'s.")
    return Receipt(
        tx_hash=tx_hash,
        block_number=quantity(source.block_number, "blockNumber"),
        block_hash=digest(source.block_hash, "blockHash"),
        is_successful=status == 1,
        gas_used=quantity(source.gas_used, "gasUsed"),
        contract_address=(
            None
            if source.contract_address is None
            else address(source.contract_address, "contractAddress")
        ),
    )


def read_logs(
    sources: list[LogJson], from_block: int, to_block: int, addresses: Collection[str]
) -> list[RawLog]:
    """The logs of an answer, which must lie in the range, be of `addresses`, in order, each once.

    Raises NodeAnswerInvalid, or NodeLagging when blocks were changing while the node looked.
    """
    logs = []
    last, last_hash = (-1, -1), ""
    for source in sources:
        topics = b"".join([octets(topic, "topic") for topic in source.topics])
        log = RawLog(
            block_number=quantity(source.block_number, "blockNumber"),
            log_index=quantity(source.log_index, "logIndex"),
            block_hash=digest(source.block_hash, "blockHash"),
            tx_hash=digest(source.transaction_hash, "transactionHash"),
            address=address(source.address, "address"),
            topics=topics,
            data=octets(source.data, "data"),
            block_timestamp=(
                None
                if source.block_timestamp is None
                else quantity(source.block_timestamp, "blockTimestamp")
            ),
        )
        at = (log.block_number, log.log_index)
        if source.removed:
            raise NodeLagging(f"Block {log.block_number} is being reorganised; ask again.")
        if len(source.topics) > 4 or len(topics) != 32 * len(source.topics):
            raise _invalid("topics", source.topics)
        if not from_block <= log.block_number <= to_block:
            raise NodeAnswerInvalid(
                f"Asked for logs of blocks {from_block} to {to_block}, "
                f"got one of block {log.block_number}."
            )
        if log.address not in addresses:
            raise NodeAnswerInvalid(f"Got a log of {log.address}, which was not asked for.")
        if at <= last:
            raise NodeAnswerInvalid(
                f"Log {log.log_index} of block {log.block_number} comes twice or out of order."
            )
        if at[0] == last[0] and log.block_hash != last_hash:
            raise NodeLagging(f"Logs of two blocks numbered {log.block_number}; ask again.")
        last, last_hash = at, log.block_hash
        logs.append(log)
    return logs


def _invalid(what: str, value: Any) -> NodeAnswerInvalid:
    return NodeAnswerInvalid(f"The node answered a malformed {what}: {str(value)[:100]!r}.")
