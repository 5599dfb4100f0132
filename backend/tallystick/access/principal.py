"""Who is asking, and how far that reaches."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.access.permissions import PERMISSIONS, Role, Verb, roles_with
from tallystick.kernel.errors import Forbidden
from tallystick.loans.terms import LoanTerms


class NotPermitted(Forbidden):
    """The caller's role does not include the verb."""

    title = "Not permitted"


class PartyNotYours(Forbidden):
    """A lender's or borrower's key asked to act for another party."""

    title = "Not your party"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of one API key.

    `name` is the key's, and what commands and the audit trail call the caller. `party` is set
    exactly for lenders and borrowers: the address they speak for, and all they may see.
    """

    name: str
    role: Role
    party: str | None = None

    def may(self, verb: Verb) -> bool:
        return verb in PERMISSIONS[self.role]

    def require(self, verb: Verb) -> None:
        """Raises NotPermitted."""
        if not self.may(verb):
            raise NotPermitted(
                f"a key with role {self.role} may not {verb.replace('_', ' ')}; "
                f"ask {_either(roles_with(verb))}",
                verb=verb,
                role=self.role,
            )

    def reaches_party(self, address: str) -> bool:
        return self.party is None or self.party == address

    def reaches_loan(self, terms: LoanTerms) -> bool:
        """A lender's key reaches what the party lent, a borrower's what it borrowed."""
        if self.party is None:
            return True
        return self.party == (terms.lender if self.role is Role.LENDER else terms.borrower)

    @property
    def as_lender(self) -> str | None:
        """The lender whose loans are all the principal sees; None for no such limit."""
        return self.party if self.role is Role.LENDER else None

    @property
    def as_borrower(self) -> str | None:
        """The borrower whose loans are all the principal sees; None for no such limit."""
        return self.party if self.role is Role.BORROWER else None

    def require_party(self, address: str, *, field: str) -> None:
        """Raises PartyNotYours unless the caller may act for `address`."""
        if not self.reaches_party(address):
            raise PartyNotYours(
                f"this key acts for {self.party} only; name that address or use the other "
                "party's own key",
                field=field,
            )


def _either(roles: list[Role]) -> str:
    *others, last = roles
    return f"{', '.join(others)} or {last}" if others else f"the {last}"
