"""Who may do what: one table from role to verbs.

Duties are kept apart: who proposes a loan does not originate it, who originates it does not
disburse it, and who deals out keys sees no loan. A lender's, a borrower's and a guarantor's key
speaks for one party and, whatever the verb, reaches only that party's own loans
(`tallystick.access.caller`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a key may be issued for."""

    LENDER = "lender"
    BORROWER = "borrower"
    GUARANTOR = "guarantor"
    AUDITOR = "auditor"
    OFFICER = "officer"
    APPROVER = "approver"
    TREASURER = "treasurer"
    COLLECTOR = "collector"
    ADMIN = "admin"


BOUND_ROLES = frozenset({Role.LENDER, Role.BORROWER, Role.GUARANTOR})
"""Roles whose keys speak for one party."""


class Verb(StrEnum):
    """Everything that can be asked of the house."""

    REGISTER_PARTY = "register_party"
    UPDATE_PARTY = "update_party"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    SHOW_PARTIES = "show_parties"
    SHOW_PROFILES = "show_profiles"
    ERASE_PROFILE = "erase_profile"
    PROPOSE_LOAN = "propose_loan"
    SHOW_AGREEMENTS = "show_agreements"
    SIGN_LOAN = "sign_loan"
    REVOKE_SIGNATURE = "revoke_signature"
    CANCEL_SIGNATURES = "cancel_signatures"
    ORIGINATE = "originate"
    CANCEL = "cancel"
    SHOW_LOANS = "show_loans"
    DISBURSE = "disburse"
    PAY = "pay"
    WITHDRAW = "withdraw"
    REPAY = "repay"
    COLLECT = "collect"
    REVOKE_MANDATE = "revoke_mandate"
    PREPAY = "prepay"
    PAYOFF = "payoff"
    CALL_GUARANTEE = "call_guarantee"
    REIMBURSE = "reimburse"
    ACCELERATE = "accelerate"
    RESTRUCTURE = "restructure"
    WRITE_OFF = "write_off"
    PROPOSE_ASSIGNMENT = "propose_assignment"
    SIGN_ASSIGNMENT = "sign_assignment"
    ASSIGN = "assign"
    BOOK_BANK_PAYMENT = "book_bank_payment"
    TRANSFER = "transfer"
    ALLOW_SPENDING = "allow_spending"
    CLAIM = "claim"
    SHOW_COMMANDS = "show_commands"
    TRACE_FUNDS = "trace_funds"
    SHOW_NOTICES = "show_notices"
    SHOW_PORTFOLIO = "show_portfolio"
    SHOW_AUDIT_TRAIL = "show_audit_trail"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    MANAGE_KEYS = "manage_keys"
    ADOPT_LANE = "adopt_lane"


_STAFF_READS = {
    Verb.SHOW_PARTIES,
    Verb.SHOW_AGREEMENTS,
    Verb.SHOW_LOANS,
    Verb.SHOW_COMMANDS,
    Verb.SHOW_NOTICES,
    Verb.SHOW_PORTFOLIO,
}
_PARTY_READS = _STAFF_READS - {Verb.SHOW_PORTFOLIO} | {Verb.SHOW_PROFILES}
_OF_EVERY_PARTY = _PARTY_READS | {
    Verb.SIGN_LOAN,
    Verb.REVOKE_SIGNATURE,
    Verb.CANCEL_SIGNATURES,
    Verb.CLAIM,
    Verb.TRANSFER,
    Verb.ALLOW_SPENDING,
}

PERMISSIONS: Mapping[Role, frozenset[Verb]] = MappingProxyType(
    {
        Role.LENDER: frozenset(
            _OF_EVERY_PARTY
            | {
                Verb.PROPOSE_LOAN,
                Verb.ORIGINATE,
                Verb.CANCEL,
                Verb.DISBURSE,
                Verb.COLLECT,
                Verb.CALL_GUARANTEE,
                Verb.ACCELERATE,
                Verb.RESTRUCTURE,
                Verb.PROPOSE_ASSIGNMENT,
                Verb.SIGN_ASSIGNMENT,
                Verb.ASSIGN,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.BORROWER: frozenset(
            _OF_EVERY_PARTY
            | {
                Verb.CANCEL,
                Verb.PAY,
                Verb.WITHDRAW,
                Verb.REPAY,
                Verb.REVOKE_MANDATE,
                Verb.PREPAY,
                Verb.PAYOFF,
                Verb.REIMBURSE,
            }
        ),
        Role.GUARANTOR: frozenset(_OF_EVERY_PARTY | {Verb.REPAY, Verb.PAYOFF, Verb.CALL_GUARANTEE}),
        Role.AUDITOR: frozenset(_STAFF_READS | {Verb.TRACE_FUNDS, Verb.SHOW_AUDIT_TRAIL}),
        Role.OFFICER: frozenset(
            _STAFF_READS
            | {
                Verb.SHOW_PROFILES,
                Verb.REGISTER_PARTY,
                Verb.UPDATE_PARTY,
                Verb.ERASE_PROFILE,
                Verb.PROPOSE_LOAN,
                Verb.SIGN_LOAN,
                Verb.PROPOSE_ASSIGNMENT,
                Verb.SIGN_ASSIGNMENT,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.APPROVER: frozenset(
            _STAFF_READS
            | {
                Verb.SHOW_PROFILES,
                Verb.ORIGINATE,
                Verb.RESTRUCTURE,
                Verb.ASSIGN,
                Verb.CALL_GUARANTEE,
                Verb.ACCELERATE,
                Verb.WRITE_OFF,
                Verb.FREEZE,
                Verb.UNFREEZE,
                Verb.PAUSE,
                Verb.UNPAUSE,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.TREASURER: frozenset(
            _STAFF_READS
            | {
                Verb.DISBURSE,
                Verb.PAY,
                Verb.REPAY,
                Verb.PAYOFF,
                Verb.REIMBURSE,
                Verb.BOOK_BANK_PAYMENT,
                Verb.TRANSFER,
                Verb.ALLOW_SPENDING,
                Verb.CLAIM,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.COLLECTOR: frozenset(_STAFF_READS | {Verb.SHOW_PROFILES, Verb.COLLECT}),
        Role.ADMIN: frozenset({Verb.MANAGE_KEYS, Verb.ADOPT_LANE, Verb.SHOW_AUDIT_TRAIL}),
    }
)


def roles_with(verb: Verb) -> list[Role]:
    """The roles that may do `verb`, in the order of `Role`."""
    return [role for role in Role if verb in PERMISSIONS[role]]
