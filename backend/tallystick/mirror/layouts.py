"""How the contracts lay out their events: topics and data, word by word.

Strict, since a node may answer anything: addresses, texts, times and amounts are checked. The
contracts hold the same bounds, so that no party can log what would stop the mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from tallystick.chain.terms import decode_terms
from tallystick.chain.terms import loan_id as loan_id_of
from tallystick.chain.words import WordMalformed, moment, word_text
from tallystick.funds.events import Burned, Minted, PurposeStated, Transferred
from tallystick.loans import colending_events as co
from tallystick.loans import events as loan
from tallystick.loans.colending import Member
from tallystick.parties import events as party
from tallystick.parties import staff_events as staff

PartyEvent = (
    party.PartyRegistered
    | party.PartyUpdated
    | party.PartyFrozen
    | party.PartyUnfrozen
    | party.SignaturesCancelled
)
TokenEvent = Transferred | Minted | Burned | PurposeStated
LedgerWideEvent = loan.PayoutClaimed | loan.PauseChanged | loan.BatchItemFailed
"""What the ledger tells that is about no one loan."""

Event = (
    loan.LoanEvent
    | LedgerWideEvent
    | PartyEvent
    | TokenEvent
    | staff.StaffEvent
    | co.CoLendingEvent
)

AMOUNT_MINOR_MAX = 2**63 - 1
"""The settlement token's own bound on its supply; any signed 64-bit column holds it."""

_WORD = 32
_KINDS = tuple(loan.RepaymentKind)
_MEMBER_BYTES = 5 * _WORD
_MISPLACED = "its members do not lie where they should"


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


class Layout(NamedTuple):
    """Sizes in bytes, `topics_size` with the first topic, `data_size` none where it varies.

    `decode` raises WordMalformed.
    """

    topics_size: int
    data_size: int | None
    decode: Callable[[Log], Event]


Read = Callable[[bytes, int], Any]
"""Reads the word at an offset."""


def _number(bits: int) -> Read:
    def read(source: bytes, at: int) -> int:
        number = int.from_bytes(source[at : at + _WORD])
        if number >> bits:
            raise WordMalformed(f"the number {number} exceeds {bits} bits")
        return number

    return read


def _amount(source: bytes, at: int) -> int:
    amount = int.from_bytes(source[at : at + _WORD])
    if amount > AMOUNT_MINOR_MAX:
        raise WordMalformed(f"the amount {amount} exceeds 63 bits")
    return amount


def _hash(source: bytes, at: int) -> str:
    return "0x" + source[at : at + _WORD].hex()


def _address(source: bytes, at: int) -> str:
    if source[at : at + 12] != b"\0" * 12:
        raise WordMalformed("a word is not an address")
    return "0x" + source[at + 12 : at + _WORD].hex()


def _selector(source: bytes, at: int) -> str:
    if source[at + 4 : at + _WORD] != b"\0" * 28:
        raise WordMalformed("a word is not a selector")
    return "0x" + source[at : at + 4].hex()


def _text(source: bytes, at: int) -> str:
    return word_text(source[at : at + _WORD])


_bit = _number(1)


def _flag(source: bytes, at: int) -> bool:
    return bool(_bit(source, at))


def _kind(source: bytes, at: int) -> loan.RepaymentKind:
    code = int.from_bytes(source[at : at + _WORD])
    if code >= len(_KINDS):
        raise WordMalformed(f"{code} is no kind of repayment")
    return _KINDS[code]


def _time(source: bytes, at: int) -> datetime:
    return moment(int.from_bytes(source[at : at + _WORD]))


_role = _number(64)
_seconds = _number(32)
_nonce = _number(31)


def _fixed(
    make: Callable[..., Event],
    topics: Mapping[str, Read],
    data: Mapping[str, Read] | None = None,
    emitter: str | None = None,
) -> Layout:
    """An event whose members are words, by the members' names; `emitter` names the one that is the
    contract itself."""
    data = data or {}
    names = (*topics, *data)
    in_topics = [(read, (1 + index) * _WORD) for index, read in enumerate(topics.values())]
    in_data = [(read, index * _WORD) for index, read in enumerate(data.values())]

    def decode(log: Log) -> Event:
        values = [read(log.topics, at) for read, at in in_topics]
        values += [read(log.data, at) for read, at in in_data]
        members = dict(zip(names, values, strict=True))
        if emitter is not None:
            members[emitter] = log.address
        return make(**members)

    return Layout((1 + len(topics)) * _WORD, len(data) * _WORD, decode)


def _varying(topics: int, decode: Callable[[Log], Event]) -> Layout:
    return Layout((1 + topics) * _WORD, None, decode)


def _tails(data: bytes, heads: int, *varying: int) -> list[bytes]:
    """The byte strings that some of the `heads` words at the beginning point to, by their indices;
    they fill the rest of `data` in their order."""
    end = heads * _WORD
    found = []
    for head in varying:
        size = int.from_bytes(data[end : end + _WORD])
        start = end + _WORD
        padded = -(-size // _WORD) * _WORD
        is_whole = int.from_bytes(data[head * _WORD :][:_WORD]) == end
        if not is_whole or any(data[start + size : start + padded]) or start + padded > len(data):
            raise WordMalformed(_MISPLACED)
        found.append(data[start : start + size])
        end = start + padded
    if end != len(data):
        raise WordMalformed(_MISPLACED)
    return found


def _originated(log: Log) -> loan.LoanOriginated:
    witness, agreement = _tails(log.data, 2, 0, 1)
    loan_id, terms = _hash(log.topics, _WORD), decode_terms(witness, agreement)
    if loan_id_of(terms) != loan_id:
        raise WordMalformed("its terms do not hash to its loan id")
    parties = (_address(log.topics, 2 * _WORD), _address(log.topics, 3 * _WORD))
    if (terms.lender, terms.borrower) != parties:
        raise WordMalformed("its topics name other parties than its terms")
    return loan.LoanOriginated(loan_id, terms)


def _batch_item_failed(log: Log) -> loan.BatchItemFailed:
    (reason,) = _tails(log.data, 1, 0)
    index, selector = _nonce(log.topics, _WORD), _selector(log.topics, 2 * _WORD)
    return loan.BatchItemFailed(index, selector, reason)


def _role_label(log: Log) -> staff.RoleLabel:
    (label,) = _tails(log.data, 1, 0)
    # A label is whatever an administrator likes; no database takes a NUL in a text.
    text = label.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return staff.RoleLabel(_role(log.topics, _WORD), text)


def _operation_scheduled(log: Log) -> staff.OperationScheduled:
    (calldata,) = _tails(log.data, 4, 3)
    return staff.OperationScheduled(
        operation_id=_hash(log.topics, _WORD),
        nonce=_nonce(log.topics, 2 * _WORD),
        ready_at=_time(log.data, 0),
        caller=_address(log.data, _WORD),
        target=_address(log.data, 2 * _WORD),
        calldata=calldata,
    )


def _co_lending_created(log: Log) -> co.CoLendingCreated:
    data, heads = log.data, 2 * _WORD
    count = int.from_bytes(data[heads : heads + _WORD])
    rows = data[heads + _WORD :]
    if int.from_bytes(data[:_WORD]) != heads or len(rows) != count * _MEMBER_BYTES:
        raise WordMalformed(_MISPLACED)
    members = tuple(
        Member(
            party=_address(rows, at),
            rank=_number(8)(rows, at + _WORD),
            commitment_minor=_amount(rows, at + 2 * _WORD),
            priority_minor=_amount(rows, at + 3 * _WORD),
            share=_amount(rows, at + 4 * _WORD),
        )
        for at in range(0, len(rows), _MEMBER_BYTES)
    )
    return co.CoLendingCreated(_address(log.topics, _WORD), members, _hash(data, _WORD))


def _act_taken(log: Log) -> co.ActTaken:
    (call,) = _tails(log.data, 2, 0)
    agreed_minor = _amount(log.data, _WORD)
    return co.ActTaken(log.address, _hash(log.topics, _WORD), call, agreed_minor)


_AUTHORITY_UPDATED = _fixed(staff.AuthorityUpdated, {}, {"authority": _address}, "contract")
_LOAN = {"loan_id": _hash}
_AMOUNT = {"amount_minor": _amount}
_PARTS = {"penalty_minor": _amount, "interest_minor": _amount, "principal_minor": _amount}
_PARTY = {"party": _address}
_RECORD = {
    "roles": _number(31),
    "payee_category": _number(16),
    "identity_commitment": _hash,
}
_DELAY = {"delay_seconds": _seconds, "since": _time}
_OPERATION = {"operation_id": _hash, "nonce": _nonce}
_MEMBER = {"member": _address}
_CONSENT = {**_MEMBER, "digest": _hash}

LAYOUTS: Mapping[str, Mapping[str, Layout]] = {
    "LoanLedger": {
        "AuthorityUpdated": _AUTHORITY_UPDATED,
        "LoanOriginated": _varying(3, _originated),
        "SignatureRevoked": _fixed(loan.SignatureRevoked, {**_LOAN, **_PARTY}),
        "LoanCancelled": _fixed(loan.LoanCancelled, {**_LOAN, "by": _address}),
        "FundsDisbursed": _fixed(loan.FundsDisbursed, _LOAN, _AMOUNT),
        "ProceedsPaid": _fixed(
            loan.ProceedsPaid,
            {**_LOAN, "payee": _address, "purpose": _text},
            {**_AMOUNT, "evidence_hash": _hash},
        ),
        "ProceedsWithdrawn": _fixed(loan.ProceedsWithdrawn, _LOAN, _AMOUNT),
        "RepaymentReceived": _fixed(
            loan.RepaymentReceived,
            {**_LOAN, "payer": _address},
            {"kind": _kind, **_PARTS, "fee_minor": _amount},
        ),
        "MandateRevoked": _fixed(loan.MandateRevoked, {**_LOAN, "borrower": _address}),
        "GuarantorReimbursed": _fixed(
            loan.GuarantorReimbursed, {**_LOAN, "guarantor": _address, "payer": _address}, _AMOUNT
        ),
        "LoanAccelerated": _fixed(
            loan.LoanAccelerated,
            _LOAN,
            {"interest_minor": _amount, "principal_minor": _amount, "reason_hash": _hash},
        ),
        "LoanRestructured": _fixed(
            loan.LoanRestructured,
            {"prior_loan_id": _hash, **_LOAN},
            {**_PARTS, "controlled_minor": _amount},
        ),
        "ClaimAssigned": _fixed(
            loan.ClaimAssigned,
            {**_LOAN, "lender": _address, "assignee": _address},
            {"price_minor": _amount, "assignment_count": _number(16)},
        ),
        "LoanWrittenOff": _fixed(
            loan.LoanWrittenOff,
            _LOAN,
            {
                "principal_minor": _amount,
                "interest_minor": _amount,
                "penalty_minor": _amount,
                "reason_hash": _hash,
            },
        ),
        "LoanClosed": _fixed(loan.LoanClosed, _LOAN),
        "ControlledReleased": _fixed(
            loan.ControlledReleased, {**_LOAN, "borrower": _address}, _AMOUNT
        ),
        "CollateralReleased": _fixed(loan.CollateralReleased, _LOAN),
        "PayoutHeld": _fixed(loan.PayoutHeld, {**_LOAN, **_PARTY}, _AMOUNT),
        "PayoutClaimed": _fixed(loan.PayoutClaimed, _PARTY, _AMOUNT),
        "NoticeServed": _fixed(
            loan.NoticeServed, {**_LOAN, "content_hash": _hash}, {"step": _text}
        ),
        "PauseChanged": _fixed(loan.PauseChanged, {"by": _address}, {"is_paused": _flag}),
        "BatchItemFailed": _varying(2, _batch_item_failed),
    },
    "SettlementToken": {
        "AuthorityUpdated": _AUTHORITY_UPDATED,
        "Transfer": _fixed(Transferred, {"sender": _address, "receiver": _address}, _AMOUNT),
        "Minted": _fixed(Minted, {"receiver": _address, "bank_reference": _hash}, _AMOUNT),
        "Burned": _fixed(Burned, {"sender": _address, "bank_reference": _hash}, _AMOUNT),
        "PurposeStated": _fixed(
            PurposeStated,
            {"sender": _address, "receiver": _address, "purpose": _text},
            {**_AMOUNT, "evidence_hash": _hash},
        ),
    },
    "PartyRegistry": {
        "AuthorityUpdated": _AUTHORITY_UPDATED,
        "PartyRegistered": _fixed(party.PartyRegistered, _PARTY, _RECORD),
        "PartyUpdated": _fixed(party.PartyUpdated, _PARTY, _RECORD),
        "PartyFrozen": _fixed(party.PartyFrozen, _PARTY, {"reason_hash": _hash}),
        "PartyUnfrozen": _fixed(party.PartyUnfrozen, _PARTY, {"reason_hash": _hash}),
        "SignaturesCancelled": _fixed(
            party.SignaturesCancelled, _PARTY, {"signature_nonce": _nonce}
        ),
    },
    "AccessManager": {
        "RoleLabel": _varying(1, _role_label),
        "RoleGranted": _fixed(
            staff.RoleGranted,
            {"role": _role, "account": _address},
            {**_DELAY, "is_new_member": _flag},
        ),
        "RoleRevoked": _fixed(staff.RoleRevoked, {"role": _role, "account": _address}),
        "RoleAdminChanged": _fixed(staff.RoleAdminChanged, {"role": _role, "admin": _role}),
        "RoleGuardianChanged": _fixed(
            staff.RoleGuardianChanged, {"role": _role, "guardian": _role}
        ),
        "RoleGrantDelayChanged": _fixed(staff.RoleGrantDelayChanged, {"role": _role}, _DELAY),
        "TargetClosed": _fixed(staff.TargetClosed, {"target": _address}, {"is_closed": _flag}),
        "TargetFunctionRoleUpdated": _fixed(
            staff.TargetFunctionRoleUpdated,
            {"target": _address, "role": _role},
            {"selector": _selector},
        ),
        "TargetAdminDelayUpdated": _fixed(
            staff.TargetAdminDelayUpdated, {"target": _address}, _DELAY
        ),
        "OperationScheduled": _varying(2, _operation_scheduled),
        "OperationExecuted": _fixed(staff.OperationExecuted, _OPERATION),
        "OperationCanceled": _fixed(staff.OperationCanceled, _OPERATION),
    },
    "CoLendingFactory": {"CoLendingCreated": _varying(1, _co_lending_created)},
    "CoLending": {
        "ConsentGiven": _fixed(co.ConsentGiven, _CONSENT, emitter="co_lending"),
        "ConsentWithdrawn": _fixed(co.ConsentWithdrawn, _CONSENT, emitter="co_lending"),
        "CommitmentsFunded": _fixed(co.CommitmentsFunded, _LOAN, _AMOUNT, "co_lending"),
        "ActTaken": _varying(1, _act_taken),
        "SharePaid": _fixed(co.SharePaid, _MEMBER, _AMOUNT, "co_lending"),
        "ShareHeld": _fixed(co.ShareHeld, _MEMBER, _AMOUNT, "co_lending"),
    },
}
"""By contract and event."""

NOT_MIRRORED: Mapping[str, str] = {
    "Approval": "spending an allowance logs nothing, so allowances are asked of the token",
    "EIP712DomainChanged": "the domain never changes",
}
"""Events that are kept as raw logs only, and why."""
