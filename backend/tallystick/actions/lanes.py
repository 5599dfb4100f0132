"""The accounts the house signs with: its staff's, and those of parties whose keys it holds.

A lane is one account; the submitter sends a lane's commands one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.chain.signers import KeystoreFolder, Signer
from tallystick.kernel.errors import Conflict, Corrupt


class LaneUnknown(Conflict):
    """The house holds no key of the account."""

    title = "No key is held for the account"


class LaneKeyMisplaced(Corrupt):
    """A key lies under another account's name."""

    title = "Key of another account"


class Lanes:
    """`staff` maps each staff role of the contracts (registrar, settlement_bank, servicer,
    guardian) to its address; its key lies in the keystore under that name, a party's key under the
    party's address."""

    def __init__(self, staff: Mapping[str, str], keystore: KeystoreFolder) -> None:
        self._staff = dict(staff)
        self._names = {address: name for name, address in self._staff.items()}
        self._keystore = keystore
        self._held: dict[str, Signer] = {}

    @property
    def staff_names(self) -> list[str]:
        return list(self._staff)

    def address(self, name: str) -> str:
        """Address of a staff account. Raises LaneUnknown."""
        try:
            return self._staff[name]
        except KeyError:
            raise LaneUnknown(
                f"this house has no {name} account; it has {', '.join(self._staff) or 'none'}",
                lane=name,
            ) from None

    def hold(self, signer: Signer) -> None:
        """Signs with `signer` as long as this process runs, without keeping its key."""
        self._held[signer.address] = signer

    def require(self, address: str) -> None:
        """Raises LaneUnknown unless the house can sign for `address`; opens no key."""
        if address not in self._held and self._key_name(address) not in self._keystore.names():
            raise LaneUnknown(
                f"the house holds no key of {address}; sign with the party's own wallet, or import "
                "its key",
                address=address,
            )

    def signer(self, address: str) -> Signer:
        """Signs for `address`; the first time its key has to be opened.

        Raises LaneUnknown, LaneKeyMisplaced.
        """
        if (held := self._held.get(address)) is not None:
            return held
        self.require(address)
        name = self._key_name(address)
        signer = self._keystore.open(name)
        if signer.address != address:
            raise LaneKeyMisplaced(
                f"the keystore's {name} is the key of {signer.address}, not of {address}; put the "
                "right key in its place",
                name=name,
            )
        return signer

    def _key_name(self, address: str) -> str:
        return self._names.get(address, address)
