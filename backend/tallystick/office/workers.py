"""The office's two workers: one sends commands to the chain, one mirrors the chain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tallystick.actions.submission import Submitter
from tallystick.chain.finality import finality_of
from tallystick.mirror.follow import Follower
from tallystick.office.office import Office


def submitter_of(
    office: Office, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Submitter:
    """Mines by itself on an embedded chain, which mines on demand."""
    return Submitter(
        office.store,
        office.node,
        office.lanes.signer,
        mine=office.chain.mine if office.chain else None,
        finality=finality_of(office.settings.finality),
        clock=clock,
    )


def follower_of(office: Office) -> Follower:
    finality = finality_of(office.settings.finality)
    return Follower(office.store, office.node, office.deployment, finality)
