"""Who is asking, and how far that reaches."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.access.permissions import PERMISSIONS, Role, Verb, roles_with
from tallystick.kernel.errors import Forbidden
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms


class NotPermitted(Forbidden):
    """The caller's role does not include the verb."""

    title = "Not permitted"


class PartyNotYours(Forbidden):
    """A party's key asked to act for another party."""

    title = "Not your party"


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of one API key.

    `name` is the key's, under which commands and the audit trail know the caller. `party` is set
    exactly for lenders, borrowers and guarantors: the address they speak for, and all they may see.
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

    def reaches_loan(self, loan: Loan) -> bool:
        """A lender's key reaches the loans whose lender it is now: not those it has sold."""
        return self._is_side(loan.lender, loan.terms)

    def reaches_terms(self, terms: LoanTerms) -> bool:
        """Terms out for signature are reached by the keys of those who are to sign them."""
        return self._is_side(terms.lender, terms)

    @property
    def as_lender(self) -> str | None:
        """The lender whose loans are all the caller sees; None for no such limit."""
        return self.party if self.role is Role.LENDER else None

    @property
    def as_borrower(self) -> str | None:
        """The borrower whose loans are all the caller sees; None for no such limit."""
        return self.party if self.role is Role.BORROWER else None

    @property
    def as_guarantor(self) -> str | None:
        """The guarantor whose loans are all the caller sees; None for no such limit."""
        return self.party if self.role is Role.GUARANTOR else None

    def require_party(self, address: str, *, field: str) -> None:
        """Raises PartyNotYours unless the caller may act for `address`."""
        if not self.reaches_party(address):
            raise PartyNotYours(
                f"this key acts for {self.party} only; name that address or use the other "
                "party's own key",
                field=field,
            )

    def _is_side(self, lender: str, terms: LoanTerms) -> bool:
        match self.role:
            case Role.LENDER:
                return self.party == lender
            case Role.BORROWER:
                return self.party == terms.borrower
            case Role.GUARANTOR:
                return self.party == terms.guarantor
            case _:
                return True


def _either(roles: list[Role]) -> str:
    *others, last = roles
    return f"{', '.join(others)} or {last}" if others else f"the {last}"
