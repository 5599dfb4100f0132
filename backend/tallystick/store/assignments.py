"""Assignments: claims offered to another lender, and the two sides' signatures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from tallystick.kernel.errors import NotFound
from tallystick.store.session import Session
from tallystick.store.tables import assignments

AssignmentSide = Literal["lender", "assignee"]


class AssignmentNotFound(NotFound):
    title = "Assignment not found"


@dataclass(frozen=True, slots=True)
class ProposedAssignment:
    """`assignment_id` is the digest of the message both sides sign, and the other members up to
    the nonces are that message's. Signatures are `0x` hex, verified before they were written; None
    while awaited.
    """

    assignment_id: str
    loan_id: str
    lender: str
    assignee: str
    price_minor: int
    assignment_count: int
    sign_by: date
    lender_nonce: int
    assignee_nonce: int
    lender_signature: str | None
    assignee_signature: str | None
    proposed_by: str
    proposed_at: datetime

    @property
    def awaited(self) -> list[AssignmentSide]:
        """Which of lender and assignee has still to sign."""
        given: dict[AssignmentSide, str | None] = {
            "lender": self.lender_signature,
            "assignee": self.assignee_signature,
        }
        return [side for side, signature in given.items() if signature is None]


_ASSIGNMENT = [assignments.c[name] for name in ProposedAssignment.__slots__]


def write_assignment(session: Session, proposed: ProposedAssignment) -> bool:
    """Whether the assignment is new; one that is there stays as it is."""
    row = {name: getattr(proposed, name) for name in ProposedAssignment.__slots__}
    try:
        with session.begin_nested():
            session.execute(insert(assignments).values(row))
    except IntegrityError:
        return False
    return True


def find_assignment(session: Session, assignment_id: str) -> ProposedAssignment:
    """Raises AssignmentNotFound."""
    row = session.execute(
        select(*_ASSIGNMENT).where(assignments.c.assignment_id == assignment_id.lower())
    ).one_or_none()
    if row is None:
        raise AssignmentNotFound(
            f"no assignment {assignment_id} was proposed here", assignment_id=assignment_id
        )
    return ProposedAssignment(*row)


def list_assignments(
    session: Session,
    *,
    party: str | None = None,
    loan_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[ProposedAssignment]:
    """In order of assignment id; `party` is either side's address, `after` the last id seen."""
    query = select(*_ASSIGNMENT).order_by(assignments.c.assignment_id).limit(limit)
    if party is not None:
        query = query.where(or_(assignments.c.lender == party, assignments.c.assignee == party))
    if loan_id is not None:
        query = query.where(assignments.c.loan_id == loan_id)
    if after is not None:
        query = query.where(assignments.c.assignment_id > after)
    return [ProposedAssignment(*row) for row in session.execute(query)]


def write_assignment_signature(
    session: Session, assignment_id: str, side: AssignmentSide, signature: str
) -> None:
    session.execute(
        update(assignments)
        .where(assignments.c.assignment_id == assignment_id)
        .values({f"{side}_signature": signature})
    )
