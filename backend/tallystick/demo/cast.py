"""Who plays in the demo, and their keys.

Keys are derived from the seed, so that a demo that was killed goes on with the same parties. They
open nothing but an embedded chain, and the demo runs on no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from tallystick.chain.colending import co_lending_address, joint_signature
from tallystick.chain.deployment import Deployment
from tallystick.chain.messages import signing_digest
from tallystick.chain.signers import LocalKey
from tallystick.demo.products import PAYEE_CATEGORIES, WHOLESALE_CATEGORY
from tallystick.loans.colending import Member
from tallystick.loans.terms import LoanTerms
from tallystick.parties.roles import PartyRole
from tallystick.store.profiles import Profile

LENDERS = 2
GUARANTORS = 2
PAYEES_PER_CATEGORY = 2


@dataclass(frozen=True, slots=True)
class Player:
    """One party. Names are plainly made up; `language` is that of its notices."""

    name: str
    key: LocalKey
    roles: PartyRole
    payee_category: int = 0
    language: str = "zh"

    @property
    def address(self) -> str:
        return self.key.address

    @property
    def profile(self) -> Profile:
        return _profile(self.name, self.address, self.language)

    def signature_of(self, terms: LoanTerms, deployment: Deployment) -> bytes:
        """Its EIP-712 signature of `terms`."""
        digest = signing_digest(terms, deployment.chain_id, deployment.loan_ledger)
        return self.key.signature_of(digest)


@dataclass(frozen=True, slots=True)
class CoLender:
    """Several lenders as one, by a contract that signs when all of them have."""

    name: str
    players: tuple[Player, ...]
    members: tuple[Member, ...]
    factory: str
    roles: PartyRole = PartyRole.LENDER
    payee_category: int = 0
    language: str = "zh"

    @property
    def salt(self) -> str:
        return "0x" + sha256(self.name.encode()).hexdigest()

    @property
    def address(self) -> str:
        return co_lending_address(self.factory, self.members, self.salt)

    @property
    def profile(self) -> Profile:
        return _profile(self.name, self.address, self.language)

    def signature_of(self, terms: LoanTerms, deployment: Deployment) -> bytes:
        return joint_signature([one.signature_of(terms, deployment) for one in self.players])


def _profile(name: str, address: str, language: str) -> Profile:
    return Profile(
        address=address,
        name=name,
        email=f"{name.lower().replace(' ', '-')}@example.invalid",
        language=language,
        salt="0x" + sha256(f"salt/{address}".encode()).hexdigest(),
    )


class Cast:
    """The players of one seed. `sellers` are paid by borrowers, `suppliers` by sellers; both are
    payees. The stranger is not registered. `factory` is the address of the co-lendings' factory."""

    def __init__(self, seed: int, borrowers: int, factory: str) -> None:
        self._seed = seed
        self._factory = factory
        self.lenders = [
            self._player(f"Lender {n}", PartyRole.LENDER) for n in range(1, LENDERS + 1)
        ]
        self.guarantors = [
            self._player(f"Guarantor {n}", PartyRole.GUARANTOR) for n in range(1, GUARANTORS + 1)
        ]
        self.borrowers = [
            self._player(
                f"Borrower {n:04}", PartyRole.BORROWER, language="en" if n % 4 == 0 else "zh"
            )
            for n in range(1, borrowers + 1)
        ]
        self.sellers = [one for category in PAYEE_CATEGORIES for one in self._payees(category)]
        self.suppliers = self._payees(WHOLESALE_CATEGORY)
        self.stranger = self._player("Stranger", PartyRole(0))
        self._by_address = {player.address: player for player in self.everyone}

    @property
    def payees(self) -> list[Player]:
        return [*self.sellers, *self.suppliers]

    @property
    def institutions(self) -> list[Player]:
        """Everyone registered before the first loan."""
        return [*self.lenders, *self.guarantors, *self.payees]

    @property
    def everyone(self) -> list[Player]:
        return [*self.institutions, *self.borrowers, self.stranger]

    def co_lender(self, number: int, principal_minor: int) -> CoLender:
        """All lenders together: the first puts in seven tenths, and shares are as commitments."""
        first, *others = self.lenders
        rest = principal_minor * 3 // 10 // len(others)
        commitments = [principal_minor - rest * len(others), *(rest for _ in others)]
        members = tuple(
            Member(player.address, commitment, share=commitment)
            for player, commitment in zip((first, *others), commitments, strict=True)
        )
        return CoLender(f"Co-lending {number}", (first, *others), members, self._factory)

    def player(self, address: str) -> Player:
        """Whose address it is."""
        return self._by_address[address]

    def sellers_of(self, category: int) -> list[Player]:
        return [seller for seller in self.sellers if seller.payee_category == category]

    def _payees(self, category: int) -> list[Player]:
        return [
            self._player(f"Payee {category}-{n}", PartyRole.PAYEE, payee_category=category)
            for n in range(1, PAYEES_PER_CATEGORY + 1)
        ]

    def _player(
        self, name: str, roles: PartyRole, *, payee_category: int = 0, language: str = "zh"
    ) -> Player:
        key = LocalKey(sha256(f"tallystick demo/{self._seed}/{name}".encode()).digest())
        return Player(name, key, roles, payee_category, language)
