"""How txs end: in a block with effect, in a block without, under a nonce somebody else took.

What ended in a block that the chain has undone is taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tallystick.chain.answers import BlockHeader, Receipt
from tallystick.chain.autopsy import refusal_in
from tallystick.chain.client import Node
from tallystick.chain.failures import NodeLagging
from tallystick.chain.finality import Finality, finalized_number
from tallystick.kernel.errors import Refused
from tallystick.store.commands import CommandStatus
from tallystick.store.outbox import (
    InFlight,
    Settlement,
    drop_raw_txs,
    in_flight,
    lanes_used,
    mark_settled,
    next_nonces,
    revive,
    settled_above,
    settled_from_nonce,
    unsigned,
)
from tallystick.store.session import Store

_LOOKS_BEFORE_LOST = 3


class TxNotTaken(Refused):
    """The node does not take the tx of a command; an empty one fills its nonce."""

    title = "Not taken by the node"


_FILLED = TxNotTaken("").type


class LaneUsedElsewhere(Refused):
    """A tx that is not ours took the nonce of a command, which can never be mined now."""

    title = "Account used elsewhere"


class Settler:
    """Settles what is in flight. `clock` dates settlements."""

    def __init__(
        self, store: Store, node: Node, finality: Finality, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._node = node
        self._finality = finality
        self._clock = clock
        self._head: BlockHeader | None = None
        self._finalized = -1
        self._not_final: dict[int, int] = {}
        self._looks: dict[int, int] = {}

    # ------------------------------------------------------------ what a reorg undid

    def look_for_undone(self) -> int:
        """Takes up again what was settled in blocks that are gone; how many commands.

        Also after the chain lost its latest blocks, as a killed development chain does.
        """
        head = self._node.header("latest")
        self._finalized = finalized_number(self._node, self._finality, head)
        undone: set[int] = set()
        if self._head is None:
            with self._store.read() as session:
                undone.update(settled_above(session, head.number))
                self._not_final = settled_above(session, self._finalized)
            undone.update(self._settled_under_free_nonces())
        elif self._is_gone(self._head):
            undone.update(self._not_final, self._settled_under_free_nonces())
        if undone:
            with self._store.begin() as session:
                revive(session, sorted(undone), _FILLED)
            for command_id in undone:
                self._not_final.pop(command_id, None)
        self._head = head
        self._drop_final()
        return len(undone)

    def _is_gone(self, seen: BlockHeader) -> bool:
        try:
            return self._node.header(seen.number).hash != seen.hash
        except NodeLagging:
            return True

    def _settled_under_free_nonces(self) -> list[int]:
        with self._store.read() as session:
            lanes = lanes_used(session)
            ours = next_nonces(session, lanes)
            on_chain = dict(zip(lanes, self._node.nonces(lanes), strict=True))
            return [
                command_id
                for lane in lanes
                if ours[lane] > on_chain[lane]
                for command_id in settled_from_nonce(session, lane, on_chain[lane])
            ]

    def _drop_final(self) -> None:
        final = [one for one, number in self._not_final.items() if number <= self._finalized]
        if final:
            with self._store.begin() as session:
                drop_raw_txs(session, final)
            for command_id in final:
                del self._not_final[command_id]

    # ------------------------------------------------------------ what ended

    def settle(self) -> list[Settlement]:
        """Settles every command in flight whose nonce the chain has used."""
        with self._store.read() as session:
            flights = in_flight(session)
        lanes = sorted({flight.lane for flight in flights})
        used = dict(zip(lanes, self._node.nonces(lanes), strict=True))
        ended = [flight for flight in flights if flight.nonce < used[flight.lane]]
        receipts = self._receipts(ended)
        settlements = []
        missing = []
        for flight in ended:
            settlement = self._settlement(flight, receipts)
            if settlement is None:
                missing.append(flight)
            else:
                settlements.append(settlement)
                self._looks.pop(flight.id, None)
        settlements += self._lost(missing)
        final = [one for one in settlements if self._is_final(one)]
        others = [one for one in settlements if not self._is_final(one)]
        if settlements:
            now = self._clock()
            with self._store.begin() as session:
                mark_settled(session, final, now, is_final=True)
                mark_settled(session, others, now, is_final=False)
            for one in others:
                self._not_final[one.id] = one.block_number or 0
        return settlements

    def _is_final(self, one: Settlement) -> bool:
        return self._finality.is_immediate or (one.block_number or 0) <= self._finalized

    def _receipts(self, flights: Sequence[InFlight]) -> dict[str, Receipt]:
        hashes = [
            tx_hash
            for flight in flights
            for tx_hash in (flight.tx_hash, *(earlier for earlier, _ in flight.earlier_txs))
        ]
        return {one.tx_hash: one for one in self._node.receipts(hashes) if one is not None}

    def _settlement(self, flight: InFlight, receipts: dict[str, Receipt]) -> Settlement | None:
        """How the command ended, by whichever of its txs was mined."""
        for tx_hash, is_filler in (*flight.earlier_txs, (flight.tx_hash, flight.is_filling)):
            receipt = receipts.get(tx_hash)
            if receipt is None:
                continue
            error = None
            if is_filler:
                error = flight.error
            elif not receipt.is_successful:
                error = self._refusal(flight, receipt).as_dict()
            return Settlement(
                flight.id,
                CommandStatus.MINED if error is None else CommandStatus.REFUSED,
                tx_hash,
                receipt.block_number,
                receipt.gas_used,
                error,
            )
        return None

    def _refusal(self, flight: InFlight, receipt: Receipt) -> Refused:
        with self._store.read() as session:
            call = unsigned(session, flight.id)
        return refusal_in(
            self._node,
            receipt,
            sender=call.lane,
            target=call.target,
            data=call.calldata,
            gas_limit=call.gas_limit,
        )

    def _lost(self, missing: Sequence[InFlight]) -> list[Settlement]:
        """Of commands whose nonce is used but whose tx no block has: those certainly lost.

        A node may know the nonce before it shows the receipt, so it is asked several times, and
        nothing is given up before the block that used the nonce is final.
        """
        for flight in missing:
            self._looks[flight.id] = self._looks.get(flight.id, 0) + 1
        suspects = [one for one in missing if self._looks[one.id] >= _LOOKS_BEFORE_LOST]
        if not suspects:
            return []
        lanes = sorted({one.lane for one in suspects})
        block = "latest" if self._finality.is_immediate else max(self._finalized, 0)
        used = dict(zip(lanes, self._node.nonces(lanes, block), strict=True))
        lost = [one for one in suspects if one.nonce < used[one.lane]]
        for flight in lost:
            del self._looks[flight.id]
        return [
            Settlement(
                flight.id,
                CommandStatus.REFUSED,
                flight.tx_hash,
                None,
                None,
                LaneUsedElsewhere(
                    f"Another program used nonce {flight.nonce} of the account {flight.lane}, so "
                    "this command was not carried out. Find out who else has the key, then order "
                    "it again.",
                    lane=flight.lane,
                    nonce=flight.nonce,
                ).as_dict(),
            )
            for flight in lost
        ]
