"""Compares balances, what the ledger holds for whom, the token's supply, and parties."""

from __future__ import annotations

from collections.abc import Iterator

from tallystick.mirror.comparison import Comparison
from tallystick.mirror.money_fold import ZERO_ADDRESS
from tallystick.store.bulk import chunks
from tallystick.store.parties import balances_of, token_supply
from tallystick.store.projection import held_claims, party_records
from tallystick.store.reconcile_rows import (
    held_and_claimed,
    known_addresses,
    lost_parties,
    transferred_net,
)


def compare_money(comparison: Comparison) -> int:
    """How many addresses were compared."""
    session, ledger, block = comparison.session, comparison.ledger, comparison.block
    count = 0
    for addresses in _addresses(comparison):
        told = ledger.balances(addresses, block)
        claimable = ledger.claimable(addresses, block)
        ours = balances_of(session, addresses)
        net = transferred_net(session, addresses)
        claims = held_claims(session, addresses)
        held = held_and_claimed(session, addresses)
        for address in addresses:
            comparison.compare("balance", address, "balance", ours[address], told[address])
            comparison.compare("balance", address, "transfers", net.get(address, 0), told[address])
            comparison.compare_all(
                "claim",
                address,
                (
                    ("claimable", claims.get(address, 0), claimable[address]),
                    ("payouts held", held.get(address, 0), claimable[address]),
                ),
            )
        count += len(addresses)
    comparison.compare(
        "balance", "all", "total supply", token_supply(session), ledger.total_supply(block)
    )
    return count


def compare_parties(comparison: Comparison) -> int:
    """How many parties were compared."""
    count = 0
    for addresses in _addresses(comparison):
        records = party_records(comparison.session, addresses)
        told = comparison.ledger.parties(addresses, comparison.block)
        for address in addresses:
            ours, theirs = records.get(address), told[address]
            if ours is None or theirs is None:
                comparison.compare(
                    "party", address, "registered", ours is not None, theirs is not None
                )
            else:
                comparison.compare_members("party", address, ours, theirs)
        count += len(records)
    for address in lost_parties(comparison.session):
        comparison.compare("party", address, "row", "missing", "logged")
    return count


def _addresses(comparison: Comparison) -> Iterator[list[str]]:
    everyone = {comparison.cursor.ledger, *known_addresses(comparison.session)} - {ZERO_ADDRESS}
    return chunks(sorted(everyone))
