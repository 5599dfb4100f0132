"""API keys and the audit trail, for who administers them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from tallystick.access.keys import NAME_PATTERN, issue_key
from tallystick.access.permissions import Role, Verb
from tallystick.api.values import Address, Body, Limit
from tallystick.api.visit import Visit, visiting
from tallystick.store.audit import list_audit_trail, record
from tallystick.store.keys import ApiKey, list_keys, revoke_key
from tallystick.store.session import Session

router = APIRouter(tags=["administration"])

KeyName = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]


class KeyBody(Body):
    name: KeyName
    role: Role
    party: Address | None = Field(None, description="of a lender's or borrower's key only")


class KeyView(BaseModel):
    name: str
    role: Role
    party: str | None
    created_at: datetime
    revoked_at: datetime | None


class IssuedKeyView(KeyView):
    secret: str = Field(description="shown this once; only its hash is kept")


class KeyList(BaseModel):
    keys: list[KeyView]


class AuditEntryView(BaseModel):
    id: int
    at: datetime
    caller: str
    verb: str
    subject: str
    outcome: str = Field(description="accepted, or the type of the error that refused it")


class AuditPage(BaseModel):
    entries: list[AuditEntryView]
    next_after: int | None = Field(description="`after` of the next page; none on the last")


@router.post("/keys", status_code=201)
def issue_api_key(
    body: KeyBody, visit: Annotated[Visit, visiting(Verb.MANAGE_KEYS)]
) -> IssuedKeyView:
    """Issues a key. Its secret is in this answer and nowhere else."""
    with visit.audited(Verb.MANAGE_KEYS, body.name), visit.office.store.begin() as session:
        issued = issue_key(session, name=body.name, role=body.role, party=body.party, now=visit.now)
        _record(visit, session, body.name)
    return IssuedKeyView(**_facts(issued.key), secret=issued.secret)


@router.get("/keys")
def list_api_keys(visit: Annotated[Visit, visiting(Verb.MANAGE_KEYS)]) -> KeyList:
    """Every key ever issued, without secrets."""
    with visit.office.store.read() as session:
        return KeyList(keys=[KeyView(**_facts(key)) for key in list_keys(session)])


@router.post("/keys/{name}/revoke")
def revoke_api_key(
    name: Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")],
    visit: Annotated[Visit, visiting(Verb.MANAGE_KEYS)],
) -> KeyView:
    """Makes a key worthless at once and for good."""
    with visit.audited(Verb.MANAGE_KEYS, name), visit.office.store.begin() as session:
        key = revoke_key(session, name, visit.now)
        _record(visit, session, name)
    return KeyView(**_facts(key))


@router.get("/audit-trail")
def show_audit_trail(
    visit: Annotated[Visit, visiting(Verb.SHOW_AUDIT_TRAIL)],
    after: Annotated[int | None, Query(ge=1, lt=2**63, description="last id already seen")] = None,
    limit: Limit = 100,
) -> AuditPage:
    """Who asked for what, and what came of it; newest first."""
    with visit.office.store.read() as session:
        found = list_audit_trail(session, after=after, limit=limit)
    return AuditPage(
        entries=[AuditEntryView(**asdict(entry)) for entry in found],
        next_after=found[-1].id if len(found) == limit else None,
    )


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "role": key.role,
        "party": key.party,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _record(visit: Visit, session: Session, name: str) -> None:
    record(
        session,
        at=visit.now,
        caller=visit.caller.name,
        verb=Verb.MANAGE_KEYS,
        subject=name,
    )
