"""The one place where a caller's permission is checked and what came of it is written down."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from tallystick.access.caller import Caller
from tallystick.access.permissions import Verb
from tallystick.kernel.errors import Corrupt, TallystickError, Unavailable
from tallystick.store.audit import record
from tallystick.store.session import Store

_log = logging.getLogger(__name__)


@contextmanager
def audited(
    store: Store, caller: Caller, verb: Verb, *, subject: str, clock: Callable[[], datetime]
) -> Iterator[None]:
    """Around an action that changes something: permission before it, the trail after a refusal.

    The action itself records what it accepted, in its own commit. A refusal is recorded under the
    error's type and raised on. Raises NotPermitted.
    """
    try:
        caller.require(verb)
        yield
    except (Unavailable, Corrupt):
        raise
    except TallystickError as refusal:
        _record_refusal(store, caller, verb, subject, refusal, clock)
        raise


def _record_refusal(
    store: Store,
    caller: Caller,
    verb: Verb,
    subject: str,
    refusal: TallystickError,
    clock: Callable[[], datetime],
) -> None:
    try:
        at = clock()
        with store.begin() as session:
            record(
                session,
                at=at,
                caller=caller.name,
                verb=verb,
                subject=subject,
                outcome=refusal.type,
            )
    except Unavailable as error:
        # The caller is owed the refusal, not news of the trail.
        _log.error(
            "audit trail: %s of %s by %s not recorded: %s",
            refusal.type,
            verb,
            caller.name,
            error.type,
        )
