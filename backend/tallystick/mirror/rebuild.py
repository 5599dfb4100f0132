"""Rebuilds the mirror, from the chain or from the raw logs it kept."""

from __future__ import annotations

from collections.abc import Callable

from tallystick.chain.deployment import Deployment
from tallystick.mirror.apply import apply_logs
from tallystick.mirror.decode import Decoder
from tallystick.mirror.digest import state_digest
from tallystick.mirror.follow import Follower, FollowReport, Progress
from tallystick.store.chain_logs import lock_mirror, pages_of_logs
from tallystick.store.cursor import read_cursor
from tallystick.store.projection import empty_mirror, empty_projection
from tallystick.store.session import Session, Store


def rebuild_from_chain(
    store: Store, follower: Follower, on_progress: Progress | None = None
) -> FollowReport:
    """Forgets everything mirrored and follows the chain from the start.

    Right after a wrong chain, a reorg of final blocks, or tampering with raw logs. Readers see the
    mirror grow meanwhile; a crash leaves it at some block, and following goes on from there.
    Raises what `Follower.catch_up` raises.
    """
    with store.begin() as session:
        lock_mirror(session, read_cursor(session))
        empty_mirror(session)
    return follower.catch_up(on_progress)


def rebuild_from_kept_logs(
    store: Store, deployment: Deployment, on_progress: Callable[[int], object] | None = None
) -> int:
    """Derives the projection anew from the raw logs in the database, in one commit.

    Needs no node. Returns how many logs there were; `on_progress` is told how many are done.
    Raises the errors of `apply_logs` if the kept logs contradict themselves.
    """
    with store.begin() as session:
        return _derive_anew(session, deployment, on_progress)


def tables_not_derived(store: Store, deployment: Deployment) -> tuple[str, ...]:
    """Names of the tables that hold something else than the raw logs in the database say.

    Derives everything anew and takes it back: nothing changes, but no other writer gets in
    meanwhile. Raises the errors of `apply_logs`.
    """
    with store.begin() as session:
        held = state_digest(session).tables
        with session.begin_nested() as savepoint:
            _derive_anew(session, deployment, None)
            derived = state_digest(session).tables
            savepoint.rollback()
    return tuple(name for name, digest in held.items() if derived[name] != digest)


def _derive_anew(
    session: Session, deployment: Deployment, on_progress: Callable[[int], object] | None
) -> int:
    decoder = Decoder(deployment)
    lock_mirror(session, read_cursor(session))
    empty_projection(session)
    done = 0
    for logs in pages_of_logs(session):
        times = {log.block_number: log.block_at for log in logs}
        apply_logs(session, decoder, deployment.loan_ledger, logs, times, keeps_logs=False)
        done += len(logs)
        if on_progress is not None:
            on_progress(done)
    return done
