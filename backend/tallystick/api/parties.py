"""Parties: admit them, look them up, erase their personal data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from tallystick.access.caller import Caller
from tallystick.access.permissions import Verb
from tallystick.access.sight import require_party_seen
from tallystick.actions.erase_profile import erase_profile
from tallystick.actions.register_party import register_party
from tallystick.api.answers import CommandView, accepted
from tallystick.api.values import Address, Body, Email, IdempotencyKey, Limit, Name, Whole
from tallystick.api.visit import Visit, visiting
from tallystick.parties.roles import role_names, roles_from_names
from tallystick.store.parties import (
    Party,
    PartyNotFound,
    balances_of,
    claimables_of,
    find_party,
    list_parties,
)
from tallystick.store.profiles import Profile, find_profiles
from tallystick.store.session import Session

router = APIRouter(tags=["parties"])

PartyRoleName = Literal["lender", "borrower", "payee", "guarantor", "servicer", "settlement_bank"]
Language = Literal["zh", "en"]
PayeeCategory = Annotated[
    Whole,
    Field(
        ge=0,
        le=65535,
        description="what a payee sells, in the registrar's list; 0 exactly for other parties",
    ),
]


class PartyBody(Body):
    address: Address
    roles: list[PartyRoleName] = Field(min_length=1, max_length=6)
    payee_category: PayeeCategory = 0
    name: Name
    email: Email | None = None
    language: Language = "zh"


class ProfileView(BaseModel):
    """Personal data, kept off the chain; `salt` opens the identity commitment."""

    name: str
    email: str | None
    language: str
    salt: str


class PartyView(BaseModel):
    address: str
    roles: list[str]
    payee_category: int
    identity_commitment: str
    is_frozen: bool
    signature_nonce: int = Field(description="what terms carry that the party is to sign")
    registered_at: datetime
    balance_minor: int
    claimable_minor: int
    profile: ProfileView | None = Field(description="shown to those who need it, until erased")


class PartyPage(BaseModel):
    parties: list[PartyView]
    next_after: str | None = Field(description="`after` of the next page; none on the last")


@router.post("/parties", status_code=202)
def register(
    body: PartyBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.REGISTER_PARTY)],
) -> CommandView:
    """Admits a party; an identity commitment goes on chain, its name does not."""
    with visit.audited(Verb.REGISTER_PARTY, body.address):
        command = register_party(
            visit.office,
            visit.order(key),
            address=body.address,
            roles=roles_from_names(body.roles),
            payee_category=body.payee_category,
            name=body.name,
            email=body.email,
            language=body.language,
        )
    return accepted(command, response)


@router.get("/parties")
def list_registered_parties(
    visit: Annotated[Visit, visiting(Verb.SHOW_PARTIES)],
    role: Annotated[PartyRoleName | None, Query(description="only parties with this role")] = None,
    after: Annotated[Address | None, Query(description="last address already seen")] = None,
    limit: Limit = 100,
) -> PartyPage:
    """Parties in the order of their registration; a party's own key sees itself."""
    with visit.office.store.read() as session:
        if visit.caller.party is not None:
            found = [] if after else _own(session, visit.caller.party, role)
        else:
            roles = roles_from_names([role] if role else [])
            found = list_parties(session, roles=roles, after=after, limit=limit)
        views = _views(session, visit.caller, found)
    return PartyPage(parties=views, next_after=views[-1].address if len(views) == limit else None)


@router.get("/parties/{address}")
def show_party(
    address: Annotated[Address, Path()], visit: Annotated[Visit, visiting(Verb.SHOW_PARTIES)]
) -> PartyView:
    """One party as the mirror knows it."""
    require_party_seen(visit.caller, address)
    with visit.office.store.read() as session:
        (view,) = _views(session, visit.caller, [find_party(session, address)])
    return view


@router.delete("/parties/{address}/profile", status_code=204)
def erase_party_profile(
    address: Annotated[Address, Path()], visit: Annotated[Visit, visiting(Verb.ERASE_PROFILE)]
) -> None:
    """Erases the party's personal data; what the chain holds then commits to nothing."""
    with visit.audited(Verb.ERASE_PROFILE, address):
        erase_profile(visit.office, address, caller=visit.caller.name, now=visit.now)


def _own(session: Session, address: str, role: str | None) -> list[Party]:
    try:
        party = find_party(session, address)
    except PartyNotFound:
        return []
    return [party] if role is None or role in role_names(party.roles) else []


def _views(session: Session, caller: Caller, found: Iterable[Party]) -> list[PartyView]:
    parties = list(found)
    addresses = [party.address for party in parties]
    held = balances_of(session, addresses)
    claimable = claimables_of(session, addresses)
    profiles = find_profiles(session, addresses) if caller.may(Verb.SHOW_PROFILES) else {}
    return [
        PartyView(
            address=party.address,
            roles=role_names(party.roles),
            payee_category=party.payee_category,
            identity_commitment=party.identity_commitment,
            is_frozen=party.is_frozen,
            signature_nonce=party.signature_nonce,
            registered_at=party.registered_at,
            balance_minor=held[party.address],
            claimable_minor=claimable[party.address],
            profile=_profile_view(profiles.get(party.address)),
        )
        for party in parties
    ]


def _profile_view(profile: Profile | None) -> ProfileView | None:
    if profile is None:
        return None
    return ProfileView(
        name=profile.name, email=profile.email, language=profile.language, salt=profile.salt
    )
