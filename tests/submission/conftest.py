"""The outbox the tests of this folder work with."""

from __future__ import annotations

import pytest

from tallystick.store.session import Store
from tests.fixtures.chain import World
from tests.submission.outbox import Outbox


@pytest.fixture
def outbox(world: World, store: Store) -> Outbox:
    """On both kinds of database in turn."""
    return Outbox(world, store)


@pytest.fixture
def sqlite_outbox(world: World, sqlite_store: Store) -> Outbox:
    return Outbox(world, sqlite_store)
