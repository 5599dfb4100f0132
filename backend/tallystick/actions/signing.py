"""Signing what is pending by the lane's next nonces; signed bytes are kept before they are sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from tallystick.chain.client import Node
from tallystick.chain.fees import Fees, current_fees, offered_fees
from tallystick.chain.signers import Signer, Tx
from tallystick.kernel.errors import Conflict, TallystickError
from tallystick.store.outbox import (
    InFlight,
    Signed,
    Unsigned,
    in_flight,
    mark_replaced,
    mark_signed,
    next_nonces,
    pending,
    unsigned,
)
from tallystick.store.session import Store

_log = logging.getLogger(__name__)

_FILLER_GAS = 21_000
# Also the txs of a block where one is mined for each batch: anvil takes a time that grows with the
# square of their number to tell their receipts.
_BATCH = 250


class NonceJumped(Conflict):
    """The chain has txs of the account that this house did not send."""

    title = "Account used elsewhere"


class LaneSigner:
    """Signs for lanes by `signer_of`; no lane has more than `in_flight_max` txs in flight."""

    def __init__(
        self,
        store: Store,
        node: Node,
        signer_of: Callable[[str], Signer],
        in_flight_max: int,
    ) -> None:
        self._store = store
        self._node = node
        self._signer_of = signer_of
        self._in_flight_max = in_flight_max

    def sign_pending(self, blocked: dict[str, str]) -> Iterator[int]:
        """Signs batch after batch, each kept before the next is begun; yields how many.

        A lane that cannot sign is added to `blocked` with the reason; the others go on.
        """
        nonces: dict[str, int] = {}
        full: set[str] = set()
        fees: Fees | None = None
        with self._store.read() as session:
            room: dict[str, int] = {}
            for flight in in_flight(session):
                room[flight.lane] = room.get(flight.lane, self._in_flight_max) - 1
        while True:
            with self._store.read() as session:
                batch = pending(session, blocked.keys() | full, _BATCH)
            if not batch:
                return
            self._add_nonces(nonces, [one.lane for one in batch], blocked)
            fees = fees or current_fees(self._node)
            signed = []
            for one in batch:
                left = room.get(one.lane, self._in_flight_max)
                if one.lane in blocked:
                    continue
                if left <= 0:
                    full.add(one.lane)
                    continue
                try:
                    signed.append(self._sign(one, nonces[one.lane], fees))
                except TallystickError as error:
                    blocked[one.lane] = error.detail
                    continue
                nonces[one.lane] += 1
                room[one.lane] = left - 1
            if signed:
                with self._store.begin(is_durable=True) as session:
                    mark_signed(session, signed)
                yield len(signed)

    def resign(self, flight: InFlight) -> bytes:
        """The bytes of a tx that was final once and is not any more; its nonce stays."""
        return self._replace(flight, current_fees(self._node), flight.error).raw_tx

    def offer_more(self, flight: InFlight, raw_tx: bytes | None) -> bool:
        """Replaces a tx by the same one at a higher price; false where gas is free."""
        fees = self._raised(raw_tx)
        if fees.max_fee == 0:
            return False
        self._replace(flight, fees, flight.error)
        return True

    def fill(self, flight: InFlight, error: Mapping[str, object], raw_tx: bytes | None) -> None:
        """Replaces a tx that no node takes by an empty one; the command ends refused by `error`."""
        self._replace(flight, self._raised(raw_tx), error)

    def _replace(self, flight: InFlight, fees: Fees, error: Mapping[str, object] | None) -> Signed:
        with self._store.read() as session:
            call = unsigned(session, flight.id)
        signed = self._sign(call, flight.nonce, fees, is_filler=error is not None)
        with self._store.begin(is_durable=True) as session:
            mark_replaced(session, flight, signed, error)
        return signed

    def _raised(self, replaced: bytes | None) -> Fees:
        """What a node asks to let a tx replace `replaced`; nothing where gas is free."""
        fees = current_fees(self._node)
        if replaced is None or fees.max_fee == 0:
            return fees
        return fees.at_least(offered_fees(replaced).raised())

    def _sign(self, one: Unsigned, nonce: int, fees: Fees, *, is_filler: bool = False) -> Signed:
        tx = Tx(
            chain_id=self._node.chain_id,
            nonce=nonce,
            to=one.lane if is_filler else one.target,
            data=b"" if is_filler else one.calldata,
            gas_limit=_FILLER_GAS if is_filler else one.gas_limit,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
        )
        signed = self._signer_of(one.lane).sign_tx(tx)
        return Signed(one.id, nonce, signed.hash, signed.raw)

    def _add_nonces(
        self, nonces: dict[str, int], lanes: Sequence[str], blocked: dict[str, str]
    ) -> None:
        """The nonce each new lane goes on with; a lane whose nonce has jumped is blocked."""
        new = sorted(set(lanes) - nonces.keys())
        with self._store.read() as session:
            ours = next_nonces(session, new)
        for lane, on_chain in zip(new, self._node.nonces(new, "pending"), strict=True):
            nonces[lane] = max(on_chain, ours.get(lane, 0))
            if lane in ours and on_chain > ours[lane]:
                # Either somebody else has the key, or this database has forgotten what it sent, as
                # one restored from an old copy has: then to go on would be to do it twice.
                error = NonceJumped(
                    f"The account {lane} has sent txs {ours[lane]} to {on_chain - 1} that are not "
                    "in this database. Find out what they did, then adopt the account's nonce: "
                    "`tallystick lane adopt`.",
                    lane=lane,
                    expected=ours[lane],
                    found=on_chain,
                )
                _log.error("submission: %s", error.detail)
                blocked[lane] = error.detail
