"""One house, opened: its store, its node, its contracts, its keys, its mail.

`found_office` makes one in an empty home, `open_office` opens it again. Everything above works with an
`Office` and passes its parts down.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from tallystick.actions.lanes import Lanes
from tallystick.chain.client import Node
from tallystick.chain.deployment import (
    ROLES,
    Deployment,
    DeploymentUnknown,
    deploy,
    read_record,
    verify,
    write_record,
)
from tallystick.chain.embedded import EmbeddedChain, embedded_chain
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.signers import KeystoreFolder
from tallystick.delivery.mail import Mailer
from tallystick.delivery.opening import open_mailer
from tallystick.kernel.errors import Conflict
from tallystick.office.settings import Settings
from tallystick.store.session import Store, open_store

_DEPLOYER = "deployer"
_PASSWORD_FILE = "keystore-password"
_STAFF_FILE = "staff.json"
# Stretching a password of 256 random bits adds nothing to its strength.
_WORK_FACTOR_OF_RANDOM_PASSWORD = 2**12


class OfficeNotFounded(Conflict):
    """The home holds no office yet."""

    title = "Nothing here yet"


@dataclass(frozen=True, slots=True)
class Office:
    """`chain` is the embedded chain, none when a node of a real one is set."""

    settings: Settings
    store: Store
    node: Node
    deployment: Deployment
    ledger: LedgerReader
    lanes: Lanes
    mailer: Mailer
    chain: EmbeddedChain | None

    def chain_now(self) -> datetime:
        """The chain's clock: the time of its latest block."""
        return datetime.fromtimestamp(self.node.header("latest").timestamp, UTC)


def found_office(settings: Settings, *, starts_at: datetime | None = None) -> Deployment:
    """Makes keys, contracts and tables where there are none; what is there stays as it is.

    A new embedded chain's first block is dated `starts_at` (default: now).
    """
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(home / "founding.lock"), _node(settings, starts_at) as (node, chain):
        store = open_store(settings.resolved_database_url)
        try:
            store.upgrade()
        finally:
            store.close()
        keystore = _keystore(settings, may_create=True)
        staff = {name: _address(keystore, home, name) for name in (*ROLES, _DEPLOYER)}
        try:
            return read_record(home, node.chain_id)
        except DeploymentUnknown:
            deployment = deploy(
                node,
                keystore.open(_DEPLOYER),
                currency=settings.currency,
                roles={name: staff[name] for name in ROLES},
                mine=chain.mine if chain else None,
            )
            write_record(deployment, home)
            return deployment


@contextmanager
def open_office(settings: Settings) -> Iterator[Office]:
    """The office of `settings.home`. Raises OfficeNotFounded, and what its parts raise when they
    are not as they were left (DeploymentMismatch, SchemaOutdated) or do not answer."""
    home = settings.home
    if not (home / _STAFF_FILE).exists():
        raise OfficeNotFounded(
            f"There is no office in {home}. Run `tallystick init` first, or `tallystick demo` for one "
            "with a story in it.",
            field="home",
        )
    with ExitStack() as stack:
        node, chain = stack.enter_context(_node(settings, None))
        store = open_store(settings.resolved_database_url)
        stack.callback(store.close)
        store.check()
        deployment = read_record(home, node.chain_id)
        verify(node, deployment)
        yield Office(
            settings=settings,
            store=store,
            node=node,
            deployment=deployment,
            ledger=LedgerReader(node, deployment),
            lanes=Lanes(_staff(home), _keystore(settings, may_create=False)),
            mailer=open_mailer(settings.mail, folder=home / "mail"),
            chain=chain,
        )


@contextmanager
def _node(
    settings: Settings, starts_at: datetime | None
) -> Iterator[tuple[Node, EmbeddedChain | None]]:
    if settings.chain_url:
        with Node(settings.chain_url, poa=settings.poa) as node:
            yield node, None
        return
    with embedded_chain(
        settings.home / "chain", kind=settings.chain_kind, starts_at=starts_at
    ) as chain:
        yield chain.node, chain


def _keystore(settings: Settings, *, may_create: bool) -> KeystoreFolder:
    folder = settings.home / "keys"
    if settings.keystore_password:
        return KeystoreFolder(folder, settings.keystore_password)
    file = settings.home / _PASSWORD_FILE
    if may_create and not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    try:
        password = file.read_text()
    except FileNotFoundError:
        raise OfficeNotFounded(
            f"There is no {_PASSWORD_FILE} in {settings.home}; set TALLYSTICK_KEYSTORE_PASSWORD to the "
            "password its keys were made with.",
            field="keystore_password",
        ) from None
    return KeystoreFolder(folder, password, work_factor=_WORK_FACTOR_OF_RANDOM_PASSWORD)


def _address(keystore: KeystoreFolder, home: Path, name: str) -> str:
    """Address of a staff key, made if there is none."""
    staff = dict(_staff(home))
    if name not in staff:
        key = keystore.open(name) if name in keystore.names() else keystore.create(name)
        staff[name] = key.address
        draft = home / f"{_STAFF_FILE}.new"
        draft.write_text(json.dumps(staff, indent=2) + "\n")
        draft.replace(home / _STAFF_FILE)
    return staff[name]


def _staff(home: Path) -> Mapping[str, str]:
    """Address by name; public, so that nobody needs a password to know who is who."""
    try:
        staff: dict[str, str] = json.loads((home / _STAFF_FILE).read_text())
    except FileNotFoundError:
        return {}
    return staff
