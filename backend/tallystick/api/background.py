"""Work that goes on beside the requests, in threads that end with the app."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

Work = Callable[[threading.Event], None]
"""Goes on until the event is set, then returns soon."""

JOIN_SECONDS = 30.0

_log = logging.getLogger(__name__)


class Background:
    """Runs each work in a thread of its own; one that ends or fails by itself is in `stopped`."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works
        self._stop = threading.Event()
        self.stopped: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        self._stop.clear()
        threads = [
            threading.Thread(target=self._run, args=(work,), name=_name_of(work), daemon=True)
            for work in self._works
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(JOIN_SECONDS)
                if thread.is_alive():
                    _log.error("%s did not stop within %s seconds", thread.name, JOIN_SECONDS)

    def _run(self, work: Work) -> None:
        try:
            work(self._stop)
        except Exception:
            _log.exception("%s failed", _name_of(work))
        if not self._stop.is_set():
            _log.error("%s has stopped; restart the service", _name_of(work))
            self.stopped.append(_name_of(work))


def _name_of(work: Work) -> str:
    return getattr(work, "__name__", type(work).__name__)
