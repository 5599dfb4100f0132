"""One request by one caller: who it is, what it may do, and the house it is made to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tallystick.access.audited import audited
from tallystick.access.caller import Caller
from tallystick.access.keys import authenticate
from tallystick.access.permissions import Verb
from tallystick.access.sight import terms_seen_by
from tallystick.actions.desk import Desk, Order
from tallystick.loans.terms import LoanTerms

_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer tsk_...`"
)

READS = frozenset(verb for verb in Verb if verb.startswith(("show_", "trace_")))
"""Verbs that change nothing, and leave no audit trail."""


@dataclass(frozen=True)
class Visit:
    office: Desk
    caller: Caller
    clock: Callable[[], datetime]

    @cached_property
    def now(self) -> datetime:
        """One UTC time for the whole request; the clock may be the chain's, and is read late."""
        return self.clock()

    @property
    def party(self) -> str:
        """Whom the caller speaks for, where its verb is one of parties only."""
        assert self.caller.party is not None
        return self.caller.party

    def terms(self, loan_id: str) -> LoanTerms:
        """The terms of a loan in the caller's sight. Raises LoanNotFound."""
        with self.office.store.read() as session:
            return terms_seen_by(session, self.caller, loan_id)

    def order(self, idempotency_key: str) -> Order:
        """Keys are the caller's own: two callers may choose the same one."""
        return Order(
            caller=self.caller.name,
            idempotency_key=f"{self.caller.name}:{idempotency_key}",
            now=self.now,
        )

    def audited(self, verb: Verb, subject: str) -> AbstractContextManager[None]:
        return audited(
            self.office.store, self.caller, verb, subject=subject, clock=lambda: self.now
        )


def office_of(request: Request) -> Desk:
    office: Desk = request.app.state.office
    return office


def clock_of(request: Request) -> Callable[[], datetime]:
    clock: Callable[[], datetime] = request.app.state.clock
    return clock


def visiting(verb: Verb) -> Any:
    """The dependency that lets in callers who may do `verb`."""

    def visit_of(
        request: Request,
        response: Response,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Visit:
        response.headers["Cache-Control"] = "no-store"
        office = office_of(request)
        with office.store.read() as session:
            caller = authenticate(session, credentials.credentials if credentials else None)
        visit = Visit(office, caller, clock_of(request))
        if verb in READS:
            caller.require(verb)
        else:
            with visit.audited(verb, subject=request.scope["route"].path):
                pass
        return visit

    visit_of.verb = verb  # type: ignore[attr-defined]  # read by the OpenAPI document and the tests
    return Depends(visit_of)
