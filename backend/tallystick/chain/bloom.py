"""The bloom filter of a block: whether it may hold logs of an address."""

from __future__ import annotations

from functools import lru_cache

from eth_hash.auto import keccak


def bloom_admits(bloom: bytes, address: str) -> bool:
    """Whether a header's 256-byte logs bloom admits logs of `address`; false is certain.

    Yellow Paper, section 4.4.3: three times eleven bits of the address's keccak256.
    """
    mask = _mask(address)
    return int.from_bytes(bloom) & mask == mask


@lru_cache(maxsize=64)
def _mask(address: str) -> int:
    digest = keccak(bytes.fromhex(address[2:]))
    mask = 0
    for at in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[at : at + 2]) & 2047)
    return mask
