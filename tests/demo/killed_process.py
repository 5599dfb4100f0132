"""A demo that ends by SIGKILL at a told moment: what a process of `test_kill` does.

A moment is a step of the way of a command, a block range, or a notice, and how often the step is
taken before the end comes.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tallystick.actions.day_close
import tallystick.actions.deliver_notices
import tallystick.actions.settlement
import tallystick.actions.signing
import tallystick.actions.submission
import tallystick.demo.run
from tallystick.chain.client import Node
from tallystick.chain.embedded import EmbeddedChain
from tallystick.delivery.folder import FolderMailer
from tallystick.demo.staging import run_demo
from tallystick.mirror.follow import Follower
from tallystick.office.settings import load_settings

BEFORE, AFTER = "before", "after"

STEPS: Mapping[str, tuple[Any, str, str]] = {
    "a stage is drafted, not written": (tallystick.demo.run, "enqueue_many", BEFORE),
    "a stage is written, not committed": (tallystick.demo.run, "enqueue_many", AFTER),
    "txs are signed, not kept": (tallystick.actions.signing, "mark_signed", BEFORE),
    "txs are kept, not sent": (Node, "send_raw", BEFORE),
    "txs are sent, not marked": (tallystick.actions.submission, "mark_sent", BEFORE),
    "txs are marked, not mined": (EmbeddedChain, "mine", BEFORE),
    "txs are mined, not settled": (tallystick.actions.settlement, "mark_settled", BEFORE),
    "txs are settled, not committed": (tallystick.actions.settlement, "mark_settled", AFTER),
    "blocks are fetched, not applied": (Follower, "_commit", BEFORE),
    "blocks are applied": (Follower, "_commit", AFTER),
    "the clock is to be set": (EmbeddedChain, "set_time", BEFORE),
    "the clock is set": (EmbeddedChain, "set_time", AFTER),
    "a day is to be closed": (tallystick.demo.run, "close_day", BEFORE),
    "notices are written, not committed": (tallystick.actions.day_close, "write_notices", AFTER),
    "a day is closed": (tallystick.demo.run, "close_day", AFTER),
    "a notice is claimed, not sent": (FolderMailer, "send", BEFORE),
    "a notice is sent, not marked": (FolderMailer, "send", AFTER),
    "notices are marked, not anchored": (
        tallystick.actions.deliver_notices,
        "enqueue_many",
        BEFORE,
    ),
}


def run_killed(home: str, loans: int, step: str, times: int) -> None:
    """Runs the demo in `home` until `step` is taken for the `times`th time."""
    owner, name, when = STEPS[step]
    taken = 0
    original: Callable[..., Any] = getattr(owner, name)

    def killing(*arguments: Any, **options: Any) -> Any:
        nonlocal taken
        taken += 1
        if taken == times and when == BEFORE:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **options)
        if taken == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, killing)
    run_demo(load_settings(home=Path(home)), loans, lambda _done, _total: None)
