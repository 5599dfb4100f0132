"""Compares co-lendings: members, the loan they funded, what each was paid, consents and acts."""

from __future__ import annotations

from tallystick.chain.bindings import event_topics
from tallystick.chain.colending_reader import CoLendingReader
from tallystick.mirror.comparison import Comparison
from tallystick.store.colendings import (
    acts_of,
    co_lending_addresses,
    consents_of,
    counted_logs,
    counted_rows,
    list_co_lendings,
)
from tallystick.store.reconcile_rows import logged_topics

_GIVEN, _WITHDRAWN = 1, 2
_TABLE_OF = {
    "CommitmentsFunded": "commitments_funded",
    "ConsentGiven": "consents",
    "ConsentWithdrawn": "consents",
    "ActTaken": "acts_taken",
    "SharePaid": "shares",
    "ShareHeld": "shares",
}


def compare_co_lendings(comparison: Comparison) -> None:
    session = comparison.session
    reader = CoLendingReader(comparison.ledger.node, comparison.block)
    mirrored = list_co_lendings(session)
    addresses = [one.address for one in mirrored]
    for ours, told in zip(mirrored, reader.co_lendings(addresses), strict=True):
        comparison.compare_members("co-lending", ours.address, ours, told)
        comparison.compare(
            "co-lending",
            ours.address,
            "funded_minor",
            ours.funded_minor,
            sum(member.commitment_minor for member in told.members) if told.loan_id else 0,
        )
    consents = consents_of(session, addresses)
    for key, told_consent in zip(consents, reader.consents(list(consents)), strict=True):
        ours_consent = _GIVEN if consents[key] else _WITHDRAWN
        member = f"consent of {key[2]} to {key[1]}"
        comparison.compare("co-lending", key[0], member, ours_consent, told_consent)
    acts = [(one, act.digest) for one in addresses for act in acts_of(session, one)]
    for (address, digest), is_taken in zip(acts, reader.are_taken(acts), strict=True):
        comparison.compare("co-lending", address, f"act {digest}", True, is_taken)
    _compare_logged(comparison)


def _compare_logged(comparison: Comparison) -> None:
    """As many rows as logs: what no view enumerates."""
    session = comparison.session
    known = co_lending_addresses(session)
    topics = {name: topic for topic, name in event_topics("CoLending").items()}
    (created,) = (
        topic
        for topic, name in event_topics("CoLendingFactory").items()
        if name == "CoLendingCreated"
    )
    logged = {"0x" + told[0][-40:] for told in logged_topics(session, created)}
    for address in sorted(logged - set(known)):
        comparison.compare("co-lending", address, "row", "missing", "logged")
    rows, logs = counted_rows(session), counted_logs(session, known)
    for table in sorted(set(_TABLE_OF.values())):
        told = sum(logs.get(topics[name], 0) for name, of in _TABLE_OF.items() if of == table)
        factory = comparison.ledger.deployment.co_lending_factory
        comparison.compare("co-lending", factory, f"rows of {table}", rows[table], told)
