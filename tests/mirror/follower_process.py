"""What a follower process of `test_crash` does: one block a commit, until it is killed."""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection

from tallystick.chain.client import Node
from tallystick.chain.deployment import Deployment
from tallystick.mirror.fetch import Fetcher
from tallystick.mirror.follow import Follower
from tallystick.store.session import open_store


class OneBlockFetcher(Fetcher):
    """Never asks for more than one block, so that there are many commits to be killed in."""

    def _resize(self, blocks: int, logs: int) -> None:
        pass


def follow(store_url: str, node_url: str, deployment: Deployment, tell: Connection) -> None:
    """Follows for ever; sends the number of each block that is committed."""
    node = Node(node_url, chain_id=deployment.chain_id)
    fetcher = OneBlockFetcher(node, deployment.addresses, blocks_at_first=1)
    follower = Follower(open_store(store_url), node, deployment, fetcher=fetcher, logs_per_commit=0)
    follower.follow(
        threading.Event(),
        poll_seconds=0.01,
        on_report=lambda report: tell.send(report.cursor.block_number),
    )
