"""One house, opened: its store, its node, its contracts, its keys, its mail.

`found_office` makes one in an empty home, `open_office` opens it again. Everything above works with
an `Office` and passes its parts down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from tallystick.actions.lanes import Lanes
from tallystick.chain.client import Node
from tallystick.chain.deployment import (
    Deployment,
    DeploymentUnknown,
    deploy,
    read_record,
    verify,
    write_record,
)
from tallystick.chain.embedded import EmbeddedChain, embedded_chain
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.staff_roles import ROLES, Delays
from tallystick.delivery.mail import Mailer
from tallystick.delivery.opening import open_mailer
from tallystick.kernel.errors import Conflict, Unavailable
from tallystick.mirror.follow import check_same_ledger
from tallystick.office.settings import Settings
from tallystick.office.staff import is_staffed, make_staff, open_keystore, read_staff
from tallystick.store.cursor import read_cursor
from tallystick.store.session import Store, open_store

CHAIN_STATE_SECONDS = 10
"""How often an embedded chain keeps its state while it runs."""

_DEPLOYER = "deployer"


class OfficeNotFounded(Conflict):
    """The home holds no office yet."""

    title = "Nothing here yet"


class HomeUnusable(Unavailable):
    """The home cannot be read or written."""

    title = "Home cannot be used"


@dataclass(frozen=True, slots=True)
class Office:
    """`chain` is the embedded chain, none when the node of another is set."""

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


@contextmanager
def found_office(
    settings: Settings,
    *,
    chain_starts_at: datetime | None = None,
    chain_state_seconds: int = CHAIN_STATE_SECONDS,
) -> Iterator[Office]:
    """The office of `settings.home`; keys, contracts and tables are made where there are none.

    A new embedded chain's first block is dated `chain_starts_at` and goes on by a clock of its
    own; by default it goes by the world's. Raises HomeUnusable, and what the parts raise.
    """
    home = settings.home
    with ExitStack() as stack:
        with home_errors(home):
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            node, chain = stack.enter_context(_node(settings, chain_starts_at, chain_state_seconds))
            with FileLock(home / "founding.lock"):
                _found(settings, node, chain)
            office = stack.enter_context(_opened(settings, node, chain))
        yield office


@contextmanager
def open_office(settings: Settings, *, may_mirror_other: bool = False) -> Iterator[Office]:
    """The office of `settings.home`, which `found_office` made.

    Unless `may_mirror_other`, its database mirrors this ledger or nothing yet. Raises
    OfficeNotFounded, HomeUnusable, MirrorOfOtherLedger, and what the parts raise when they are
    not as they were left (DeploymentMismatch, SchemaOutdated) or do not answer.
    """
    home = settings.home
    with ExitStack() as stack:
        with home_errors(home):
            if not is_staffed(home):
                raise OfficeNotFounded(
                    f"There is no office in {home}. Run `tallystick init` to found one, or "
                    "`tallystick demo` for one with a story in it.",
                    field="home",
                )
            node, chain = stack.enter_context(_node(settings, None, CHAIN_STATE_SECONDS))
            office = stack.enter_context(
                _opened(settings, node, chain, may_mirror_other=may_mirror_other)
            )
        yield office


def _found(settings: Settings, node: Node, chain: EmbeddedChain | None) -> None:
    # First of all, so that nothing is made for a node that does not answer.
    chain_id = node.chain_id
    store = open_store(settings.resolved_database_url)
    try:
        store.upgrade()
    finally:
        store.close()
    keystore, staff = make_staff(settings, (*ROLES, _DEPLOYER))
    try:
        read_record(settings.home, chain_id)
    except DeploymentUnknown:
        deployment = deploy(
            node,
            keystore.open(_DEPLOYER),
            currency=settings.currency,
            roles={name: staff[name] for name in ROLES},
            delays=Delays(settings.admin_delay_seconds, settings.resume_delay_seconds),
            mine=chain.mine if chain else None,
        )
        write_record(deployment, settings.home)


@contextmanager
def _opened(
    settings: Settings,
    node: Node,
    chain: EmbeddedChain | None,
    *,
    may_mirror_other: bool = False,
) -> Iterator[Office]:
    home = settings.home
    deployment = read_record(home, node.chain_id)
    verify(node, deployment)
    store = open_store(settings.resolved_database_url)
    try:
        store.check()
        if not may_mirror_other:
            with store.read() as session:
                cursor = read_cursor(session)
            if cursor is not None:
                check_same_ledger(cursor, deployment)
        yield Office(
            settings=settings,
            store=store,
            node=node,
            deployment=deployment,
            ledger=LedgerReader(node, deployment),
            lanes=Lanes(read_staff(home), open_keystore(settings)),
            mailer=open_mailer(settings.mail, folder=home / "mail"),
            chain=chain,
        )
    finally:
        store.close()


@contextmanager
def _node(
    settings: Settings, starts_at: datetime | None, state_seconds: int
) -> Iterator[tuple[Node, EmbeddedChain | None]]:
    if settings.chain_url:
        with Node(settings.chain_url, poa=settings.poa) as node:
            yield node, None
        return
    with embedded_chain(
        settings.home / "chain",
        kind=settings.chain_kind,
        starts_at=starts_at,
        state_interval_seconds=state_seconds,
    ) as chain:
        yield chain.node, chain


@contextmanager
def home_errors(home: Path) -> Iterator[None]:
    """Turns what the system says about the files of `home` into HomeUnusable."""
    try:
        yield
    except OSError as error:
        raise HomeUnusable(
            f"The home {home} cannot be used: {error.strerror or error}"
            f"{f' ({error.filename})' if error.filename else ''}. Name another by --home or "
            "TALLYSTICK_HOME, or see that this one is a folder you may write.",
            field="home",
        ) from error
