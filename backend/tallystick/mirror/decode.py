"""Raw logs to events. Which contract a log is of decides how it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from tallystick.chain.bindings import event_topics
from tallystick.chain.deployment import Deployment
from tallystick.chain.words import WordMalformed
from tallystick.kernel.errors import Corrupt
from tallystick.loans.colending_events import CoLendingCreated
from tallystick.loans.events import LoanEvent
from tallystick.mirror.layouts import LAYOUTS, Event, Layout, Log

_TOPIC = 32
_CO_LENDING = "CoLending"


class EventMalformed(Corrupt):
    """A log is not what these contracts emit."""

    title = "Malformed event log"


class Decoder:
    """Decodes the logs of one deployment, and of the co-lendings its factory made."""

    def __init__(self, deployment: Deployment) -> None:
        self._layouts = {
            deployment.address_of(contract): _layouts(contract)
            for contract in LAYOUTS
            if contract != _CO_LENDING
        }

    def know(self, co_lendings: Iterable[str]) -> None:
        """Co-lendings at these addresses; those whose making is decoded are known by themselves."""
        for address in co_lendings:
            self._layouts[address] = _layouts(_CO_LENDING)

    def event(self, log: Log) -> Event | None:
        """What `log` tells; None for events the mirror does not project (approvals and the like).

        Raises EventMalformed.
        """
        event = _event(log, self._layouts.get(log.address, {}))
        if isinstance(event, CoLendingCreated):
            self.know([event.co_lending])
        return event


def made_co_lending(log: Log) -> str | None:
    """The address of the co-lending whose making `log`, one of the deployment's, tells."""
    return "0x" + log.topics[-20:].hex() if log.topics[:_TOPIC] == _made() else None


@cache
def _made() -> bytes:
    return next(iter(_layouts("CoLendingFactory")))


def ledger_event(log: Log) -> LoanEvent:
    """What a log the ledger made about a loan tells. Raises EventMalformed."""
    event = _event(log, _layouts("LoanLedger"))
    if not isinstance(event, LoanEvent):
        raise _malformed(log, "it is about no loan")
    return event


def _event(log: Log, layouts: Mapping[bytes, Layout | None]) -> Event | None:
    try:
        layout = layouts[log.topics[:_TOPIC]]
    except KeyError:
        raise _malformed(log, "no contract of this version emits it") from None
    if layout is None:
        return None
    if len(log.topics) != layout.topics_size or layout.data_size not in (None, len(log.data)):
        raise _malformed(log, "it has another length")
    try:
        return layout.decode(log)
    except WordMalformed as error:
        raise _malformed(log, error.detail) from error


def _malformed(log: Log, why: str) -> EventMalformed:
    return EventMalformed(
        f"Log {log.log_index} of block {log.block_number} from {log.address} is malformed: "
        f"{why.rstrip('.')}. Check that the node serves the chain this house was set up on and "
        "that its contracts are those of this version.",
        block_number=log.block_number,
        log_index=log.log_index,
    )


@cache
def _layouts(contract: str) -> Mapping[bytes, Layout | None]:
    """Layouts by first topic, none for events that are not projected."""
    return {topic: LAYOUTS[contract].get(name) for topic, name in event_topics(contract).items()}
