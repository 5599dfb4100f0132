"""Raw logs to events, by hand slices of the fixed layouts of the contracts' events.

Strict, since a node may answer anything: topic count, data length, addresses, texts and amounts are
checked. The contracts hold the same bounds, so that no party can log what would stop the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple, Protocol

from tallystick.chain.bindings import event_topics
from tallystick.chain.deployment import Deployment
from tallystick.chain.terms import decode_terms
from tallystick.chain.terms import loan_id as loan_id_of
from tallystick.chain.words import WordMalformed, word_text
from tallystick.funds.events import Burned, Minted, PurposeStated, Transferred
from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import (
    ControlledReleased,
    FundsDisbursed,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanWrittenOff,
    NoticeServed,
    PayoutClaimed,
    PayoutHeld,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentReceived,
    SignatureRevoked,
)
from tallystick.parties.events import PartyFrozen, PartyRegistered, PartyUnfrozen, PartyUpdated

PartyEvent = PartyRegistered | PartyUpdated | PartyFrozen | PartyUnfrozen
TokenEvent = Transferred | Minted | Burned | PurposeStated
Event = LoanEvent | PayoutClaimed | PartyEvent | TokenEvent

AMOUNT_MINOR_MAX = 2**63 - 1
"""The settlement token's own bound on its supply; any signed 64-bit column holds it."""

_WORD = 32


class Log(Protocol):
    """A log as a node tells it or as the database kept it; topics are 32 bytes each."""

    @property
    def block_number(self) -> int: ...
    @property
    def log_index(self) -> int: ...
    @property
    def block_hash(self) -> str: ...
    @property
    def tx_hash(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def topics(self) -> bytes: ...
    @property
    def data(self) -> bytes: ...


class EventMalformed(Corrupt):
    """A log is not what these contracts emit."""

    title = "Malformed event log"


class _Layout(NamedTuple):
    topics_size: int
    data_size: int | None
    decode: Callable[[bytes, bytes], Event]


class Decoder:
    """Decodes the logs of one deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._layouts = {
            deployment.loan_ledger: _layouts("LoanLedger"),
            deployment.settlement_token: _layouts("SettlementToken"),
            deployment.party_registry: _layouts("PartyRegistry"),
        }

    def event(self, log: Log) -> Event | None:
        """What `log` tells; None for events the mirror does not project (approvals and the like).

        Raises EventMalformed.
        """
        return _event(log, self._layouts.get(log.address, {}))


def ledger_event(log: Log) -> LoanEvent:
    """What a log the ledger made about a loan tells. Raises EventMalformed."""
    event = _event(log, _layouts("LoanLedger"))
    if not isinstance(event, LoanEvent):
        raise _malformed(log, "it is about no loan")
    return event


def _event(log: Log, layouts: Mapping[bytes, _Layout | None]) -> Event | None:
    try:
        layout = layouts[log.topics[:_WORD]]
    except KeyError:
        raise _malformed(log, "no contract of this version emits it") from None
    if layout is None:
        return None
    if len(log.topics) != layout.topics_size or (
        layout.data_size is not None and len(log.data) != layout.data_size
    ):
        raise _malformed(log, "it has another length")
    try:
        return layout.decode(log.topics, log.data)
    except WordMalformed as error:
        raise _malformed(log, error.detail) from error


def _malformed(log: Log, why: str) -> EventMalformed:
    return EventMalformed(
        f"Log {log.log_index} of block {log.block_number} from {log.address} is malformed: {why}. "
        "Check that the node serves the chain this house was set up on and that its contracts are "
        "those of this version.",
        block_number=log.block_number,
        log_index=log.log_index,
    )


@cache
def _layouts(contract: str) -> Mapping[bytes, _Layout | None]:
    """Layouts by first topic, none for events that are not projected."""
    return {topic: _PROJECTED[contract].get(name) for topic, name in event_topics(contract).items()}


def _layout(topics: int, words: int | None, decode: Callable[[bytes, bytes], Event]) -> _Layout:
    return _Layout((1 + topics) * _WORD, None if words is None else words * _WORD, decode)


def _amount(data: bytes, word: int = 0) -> int:
    amount = int.from_bytes(data[word * _WORD : (word + 1) * _WORD])
    if amount > AMOUNT_MINOR_MAX:
        raise WordMalformed(f"the amount {amount} exceeds 63 bits")
    return amount


def _small(data: bytes, word: int, bits: int) -> int:
    number = int.from_bytes(data[word * _WORD : (word + 1) * _WORD])
    if number >> bits:
        raise WordMalformed(f"the number {number} exceeds {bits} bits")
    return number


def _hash(source: bytes, word: int) -> str:
    return "0x" + source[word * _WORD : (word + 1) * _WORD].hex()


def _address(source: bytes, word: int) -> str:
    start = word * _WORD
    if source[start : start + 12] != b"\0" * 12:
        raise WordMalformed("a word is not an address")
    return "0x" + source[start + 12 : start + _WORD].hex()


def _originated(topics: bytes, data: bytes) -> LoanOriginated:
    if int.from_bytes(data[:_WORD]) != _WORD:
        raise WordMalformed("its terms do not lie where they should")
    loan_id, terms = _hash(topics, 1), decode_terms(data[_WORD:])
    if loan_id_of(terms) != loan_id:
        raise WordMalformed("its terms do not hash to its loan id")
    if (terms.lender, terms.borrower) != (_address(topics, 2), _address(topics, 3)):
        raise WordMalformed("its topics name other parties than its terms")
    return LoanOriginated(loan_id, terms)


def _repaid(topics: bytes, data: bytes) -> RepaymentReceived:
    return RepaymentReceived(
        loan_id=_hash(topics, 1),
        payer=_address(topics, 2),
        amount_minor=_amount(data, 0),
        penalty_minor=_amount(data, 1),
        interest_minor=_amount(data, 2),
        principal_minor=_amount(data, 3),
        is_payoff=bool(_small(data, 4, 1)),
    )


def _paid(topics: bytes, data: bytes) -> ProceedsPaid:
    return ProceedsPaid(
        loan_id=_hash(topics, 1),
        payee=_address(topics, 2),
        purpose=word_text(topics[3 * _WORD :]),
        amount_minor=_amount(data, 0),
        evidence_hash=_hash(data, 1),
    )


def _written_off(topics: bytes, data: bytes) -> LoanWrittenOff:
    return LoanWrittenOff(
        loan_id=_hash(topics, 1),
        principal_minor=_amount(data, 0),
        interest_minor=_amount(data, 1),
        penalty_minor=_amount(data, 2),
        reason_hash=_hash(data, 3),
    )


def _purpose_stated(topics: bytes, data: bytes) -> PurposeStated:
    return PurposeStated(
        sender=_address(topics, 1),
        receiver=_address(topics, 2),
        amount_minor=_amount(data, 0),
        purpose=word_text(topics[3 * _WORD :]),
        evidence_hash=_hash(data, 1),
    )


def _registered(topics: bytes, data: bytes) -> PartyRegistered:
    return PartyRegistered(
        _address(topics, 1), _small(data, 0, 31), _small(data, 1, 16), _hash(data, 2)
    )


def _updated(topics: bytes, data: bytes) -> PartyUpdated:
    return PartyUpdated(
        _address(topics, 1), _small(data, 0, 31), _small(data, 1, 16), _hash(data, 2)
    )


_LEDGER = {
    "LoanOriginated": _layout(3, None, _originated),
    "SignatureRevoked": _layout(2, 0, lambda t, _: SignatureRevoked(_hash(t, 1), _address(t, 2))),
    "FundsDisbursed": _layout(1, 1, lambda t, d: FundsDisbursed(_hash(t, 1), _amount(d))),
    "ProceedsPaid": _layout(3, 2, _paid),
    "ProceedsWithdrawn": _layout(1, 1, lambda t, d: ProceedsWithdrawn(_hash(t, 1), _amount(d))),
    "RepaymentReceived": _layout(2, 5, _repaid),
    "LoanWrittenOff": _layout(1, 4, _written_off),
    "LoanClosed": _layout(1, 0, lambda t, _: LoanClosed(_hash(t, 1))),
    "ControlledReleased": _layout(
        2, 1, lambda t, d: ControlledReleased(_hash(t, 1), _address(t, 2), _amount(d))
    ),
    "PayoutHeld": _layout(2, 1, lambda t, d: PayoutHeld(_hash(t, 1), _address(t, 2), _amount(d))),
    "PayoutClaimed": _layout(1, 1, lambda t, d: PayoutClaimed(_address(t, 1), _amount(d))),
    "NoticeServed": _layout(
        2, 1, lambda t, d: NoticeServed(_hash(t, 1), _hash(t, 2), word_text(d))
    ),
}
_TOKEN = {
    "Transfer": _layout(2, 1, lambda t, d: Transferred(_address(t, 1), _address(t, 2), _amount(d))),
    "Minted": _layout(2, 1, lambda t, d: Minted(_address(t, 1), _amount(d), _hash(t, 2))),
    "Burned": _layout(2, 1, lambda t, d: Burned(_address(t, 1), _amount(d), _hash(t, 2))),
    "PurposeStated": _layout(3, 2, _purpose_stated),
}
_REGISTRY = {
    "PartyRegistered": _layout(1, 3, _registered),
    "PartyUpdated": _layout(1, 3, _updated),
    "PartyFrozen": _layout(1, 1, lambda t, d: PartyFrozen(_address(t, 1), _hash(d, 0))),
    "PartyUnfrozen": _layout(1, 1, lambda t, d: PartyUnfrozen(_address(t, 1), _hash(d, 0))),
}
_PROJECTED = {"LoanLedger": _LEDGER, "SettlementToken": _TOKEN, "PartyRegistry": _REGISTRY}
