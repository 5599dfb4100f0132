"""Parties, callers and the token in Python: who may act, and where the money goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from tallystick.chain.words import text_word
from tallystick.loans.events import PayoutClaimed, PayoutHeld
from tallystick.parties.roles import PartyRole

UNLIMITED = 2**256 - 1


class Refused(Exception):
    """The contracts' custom error, arguments as they are encoded; hashes and texts as hex."""

    def __init__(self, error: str, *arguments: object) -> None:
        super().__init__(error, *arguments)
        self.told = (error, *arguments)


@dataclass(frozen=True)
class Party:
    roles: PartyRole
    payee_category: int
    is_frozen: bool = False
    signature_nonce: int = 0


class MoneyModel:
    """`staff` names the functions each address may call by the authority; `address` is the
    ledger's. Amounts by address; allowances are those to the ledger."""

    def __init__(self, address: str, staff: dict[str, frozenset[str]], now: datetime) -> None:
        self.address = address
        self.staff = staff
        self.now = now
        self.parties: dict[str, Party] = {}
        self.balances: dict[str, int] = {}
        self.allowances: dict[str, int] = {}
        self.claimable: dict[str, int] = {}
        self.told: list[object] = []

    def attempt(self, act: Callable[[Self], None]) -> list[object]:
        """The events of `act`. Raises Refused, having changed nothing."""
        kept = {name: _copied(value) for name, value in vars(self).items()}
        self.told = []
        try:
            act(self)
        except Refused:
            vars(self).update(kept)
            raise
        return self.told

    # ------------------------------------------------------------ who may

    def _require_caller(self, sender: str, party: str, function: str) -> None:
        is_permitted = sender == party or function in self.staff.get(sender, ())
        self._require(is_permitted, "CallerNotPermitted", sender)

    def _require_permitted(self, sender: str, function: str) -> None:
        is_permitted = function in self.staff.get(sender, ())
        self._require(is_permitted, "AccessManagedUnauthorized", sender)

    def _is_active_as(self, address: str, roles: PartyRole) -> bool:
        party = self.parties.get(address)
        return party is not None and bool(party.roles & roles) and not party.is_frozen

    def _require_active_as(self, address: str, roles: PartyRole) -> None:
        is_active = self._is_active_as(address, roles)
        self._require(is_active, "PartyNotActiveAs", address, int(roles))

    @staticmethod
    def _require(holds: bool, error: str, *arguments: object) -> None:
        if not holds:
            raise Refused(error, *arguments)

    # ------------------------------------------------------------ where the money goes

    def _takeable(self, party: str, most: int) -> int:
        return min(most, self.balances.get(party, 0), self.allowances.get(party, 0))

    def _receive(self, identity: str, payer: str, receiver: str, amount: int) -> None:
        if payer == self.address:
            self._pay_out(identity, receiver, amount)
        elif amount:
            try:
                self._transfer_from(payer, receiver, amount)
            except Refused:
                self._hold(identity, receiver, amount)
                self._transfer_from(payer, self.address, amount)

    def _pay_out(self, identity: str, receiver: str, amount: int) -> None:
        try:
            self._transfer(receiver, amount)
        except Refused:
            self._hold(identity, receiver, amount)

    def _hold(self, identity: str, party: str, amount: int) -> None:
        self.claimable[party] = self.claimable.get(party, 0) + amount
        self.told.append(PayoutHeld(identity, party, amount))

    def _transfer_from(self, owner: str, to: str, amount: int) -> None:
        allowance = self.allowances.get(owner, 0)
        self._require(
            amount <= allowance, "ERC20InsufficientAllowance", self.address, allowance, amount
        )
        self._move(owner, to, amount)
        if allowance != UNLIMITED:
            self.allowances[owner] = allowance - amount

    def _transfer(self, to: str, amount: int) -> None:
        self._move(self.address, to, amount)

    def _move(self, sender: str, to: str, amount: int) -> None:
        for party in (sender, to):
            is_active = party in self.parties and not self.parties[party].is_frozen
            self._require(is_active, "PartyNotActive", party)
        balance = self.balances.get(sender, 0)
        self._require(amount <= balance, "ERC20InsufficientBalance", sender, balance, amount)
        self.balances[sender] = balance - amount
        self.balances[to] = self.balances.get(to, 0) + amount

    def approve(self, owner: str, amount: int) -> None:
        self.allowances[owner] = amount

    def mint(self, to: str, amount: int) -> None:
        self._require(not self.parties[to].is_frozen, "PartyNotActive", to)
        self.balances[to] = self.balances.get(to, 0) + amount

    def set_frozen(self, party: str, is_frozen: bool) -> None:
        is_change = self.parties[party].is_frozen != is_frozen
        self._require(is_change, "FrozenUnchanged", party)
        self.parties[party] = replace(self.parties[party], is_frozen=is_frozen)

    def cancel_signatures(self, sender: str) -> None:
        party = self.parties[sender]
        nonce = party.signature_nonce + 1
        self.parties[sender] = replace(party, signature_nonce=nonce)

    def claim(self, sender: str) -> None:
        amount = self.claimable.get(sender, 0)
        self._require(amount != 0, "NothingToClaim", sender)
        self.claimable[sender] = 0
        self.told.append(PayoutClaimed(sender, amount))
        self._transfer(sender, amount)


def text(word: str) -> str:
    """A short text as the errors' arguments are compared: the hex of its word."""
    return "0x" + text_word(word).hex()


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, dict | set) else value
