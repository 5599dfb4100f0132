"""Who may do what: one table from role to verbs.

Duties are kept apart: who proposes a loan does not originate it, who originates it does not
disburse it, and who deals out keys sees no loan. A lender's and a borrower's key speaks for one
party and, whatever the verb, reaches only that party's own loans (`tallystick.access.principal`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a key may be issued for."""

    LENDER = "lender"
    BORROWER = "borrower"
    AUDITOR = "auditor"
    OFFICER = "officer"
    APPROVER = "approver"
    TREASURER = "treasurer"
    COLLECTOR = "collector"
    ADMIN = "admin"


BOUND_ROLES = frozenset({Role.LENDER, Role.BORROWER})
"""Roles whose keys speak for one party."""


class Verb(StrEnum):
    """Everything that can be asked of the house."""

    REGISTER_PARTY = "register_party"
    SHOW_PARTIES = "show_parties"
    SHOW_PROFILES = "show_profiles"
    ERASE_PROFILE = "erase_profile"
    PROPOSE_LOAN = "propose_loan"
    SHOW_AGREEMENTS = "show_agreements"
    SIGN_LOAN = "sign_loan"
    ORIGINATE = "originate"
    SHOW_LOANS = "show_loans"
    DISBURSE = "disburse"
    PAY = "pay"
    WITHDRAW = "withdraw"
    REPAY = "repay"
    PAYOFF = "payoff"
    WRITE_OFF = "write_off"
    BOOK_BANK_PAYMENT = "book_bank_payment"
    TRANSFER = "transfer"
    ALLOW_SPENDING = "allow_spending"
    SHOW_COMMANDS = "show_commands"
    TRACE_FUNDS = "trace_funds"
    SHOW_NOTICES = "show_notices"
    SHOW_PORTFOLIO = "show_portfolio"
    SHOW_AUDIT_TRAIL = "show_audit_trail"
    MANAGE_KEYS = "manage_keys"


_STAFF_READS = {
    Verb.SHOW_PARTIES,
    Verb.SHOW_AGREEMENTS,
    Verb.SHOW_LOANS,
    Verb.SHOW_COMMANDS,
    Verb.SHOW_NOTICES,
    Verb.SHOW_PORTFOLIO,
}
_PARTY_READS = _STAFF_READS - {Verb.SHOW_PORTFOLIO} | {Verb.SHOW_PROFILES}

PERMISSIONS: Mapping[Role, frozenset[Verb]] = MappingProxyType(
    {
        Role.LENDER: frozenset(
            _PARTY_READS
            | {
                Verb.PROPOSE_LOAN,
                Verb.SIGN_LOAN,
                Verb.ORIGINATE,
                Verb.DISBURSE,
                Verb.TRANSFER,
                Verb.ALLOW_SPENDING,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.BORROWER: frozenset(
            _PARTY_READS
            | {
                Verb.SIGN_LOAN,
                Verb.PAY,
                Verb.WITHDRAW,
                Verb.REPAY,
                Verb.PAYOFF,
                Verb.TRANSFER,
                Verb.ALLOW_SPENDING,
            }
        ),
        Role.AUDITOR: frozenset(_STAFF_READS | {Verb.TRACE_FUNDS, Verb.SHOW_AUDIT_TRAIL}),
        Role.OFFICER: frozenset(
            _STAFF_READS
            | {
                Verb.SHOW_PROFILES,
                Verb.REGISTER_PARTY,
                Verb.ERASE_PROFILE,
                Verb.PROPOSE_LOAN,
                Verb.SIGN_LOAN,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.APPROVER: frozenset(
            _STAFF_READS | {Verb.SHOW_PROFILES, Verb.ORIGINATE, Verb.WRITE_OFF, Verb.TRACE_FUNDS}
        ),
        Role.TREASURER: frozenset(
            _STAFF_READS
            | {
                Verb.DISBURSE,
                Verb.PAY,
                Verb.REPAY,
                Verb.PAYOFF,
                Verb.BOOK_BANK_PAYMENT,
                Verb.TRANSFER,
                Verb.ALLOW_SPENDING,
                Verb.TRACE_FUNDS,
            }
        ),
        Role.COLLECTOR: frozenset(_STAFF_READS | {Verb.SHOW_PROFILES}),
        Role.ADMIN: frozenset({Verb.MANAGE_KEYS, Verb.SHOW_AUDIT_TRAIL}),
    }
)


def roles_with(verb: Verb) -> list[Role]:
    """The roles that may do `verb`, in the order of `Role`."""
    return [role for role in Role if verb in PERMISSIONS[role]]
