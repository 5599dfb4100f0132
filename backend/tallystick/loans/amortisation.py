"""How each method splits a loan into principal and interest, in whole minor units.

Every rate is an exact ratio, so a figure is rounded once, from its exact value: interest from
balance times rate, a level amount from the formula below. Stored balances beat recomputed ones,
and the last instalment takes the residue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tallystick.kernel.errors import Invalid
from tallystick.kernel.rounding import Rounding, round_ratio


class NegativeAmortisation(Invalid):
    """A level amount that some period's interest exceeds: the debt would grow."""

    title = "Instalment does not cover its interest"


class Parts(NamedTuple):
    """What one instalment repays and what it costs."""

    principal_minor: int
    interest_minor: int


def level_amount(
    principal_minor: int, rate_numerators: Sequence[int], rate_denominator: int
) -> tuple[int, int]:
    """The amount that, paid at the end of every period, brings the balance to exactly zero.

    As an exact ratio (numerator, denominator) of minor units. With the period rates r_k it is
    P / sum over k of 1 / ((1 + r_1) ... (1 + r_k)), the equation of value of an annuity whose
    rate changes by period (Kellison, The Theory of Interest, chapter 3); both sides are
    multiplied out here to stay in whole numbers.
    """
    growth, annuity, unit = 1, 0, 1
    for rate_numerator in rate_numerators:
        factor = rate_denominator + rate_numerator
        growth *= factor
        annuity = annuity * factor + unit
        unit *= rate_denominator
    # growth = D^n * prod(1 + r), annuity = D^(n-1) * sum of the factors still to come.
    return principal_minor * growth, annuity * rate_denominator


def equal_instalment(
    principal_minor: int,
    rate_numerators: Sequence[int],
    rate_denominator: int,
    rounding: Rounding,
    *,
    principal_grace: int = 0,
    amount_minor: int | None = None,
) -> Iterator[Parts]:
    """Level instalments after the grace: interest first, the rest of the amount is principal.

    `amount_minor` overrides the computed level amount. The instalment that can repay everything
    is the last, so a generous amount ends the schedule early, and the last of all takes whatever
    a scant one left. Raises NegativeAmortisation.
    """
    last = len(rate_numerators) - 1
    level_minor = amount_minor
    if level_minor is None:
        amortising = rate_numerators[principal_grace:]
        level = level_amount(principal_minor, amortising, rate_denominator)
        level_minor = round_ratio(*level, rounding)
    balance_minor = principal_minor
    for k, rate_numerator in enumerate(rate_numerators):
        interest_minor = round_ratio(balance_minor * rate_numerator, rate_denominator, rounding)
        if k < principal_grace:
            yield Parts(0, interest_minor)
            continue
        if k == last or balance_minor + interest_minor <= level_minor:
            yield Parts(balance_minor, interest_minor)
            return
        repaid_minor = level_minor - interest_minor
        if repaid_minor < 0:
            raise NegativeAmortisation(
                f"the interest of instalment {k + 1} exceeds the level amount, so the debt would "
                "grow; use a larger amount, a lower rate or fewer instalments",
                field="instalments" if amount_minor is None else "instalment_override",
            )
        balance_minor -= repaid_minor
        yield Parts(repaid_minor, interest_minor)


def equal_principal(
    principal_minor: int,
    rate_numerators: Sequence[int],
    rate_denominator: int,
    rounding: Rounding,
    *,
    principal_grace: int = 0,
) -> Iterator[Parts]:
    """Equal parts of principal after the grace, with interest on the balance.

    Parts rounded up may repay everything early; the schedule then ends there.
    """
    last = len(rate_numerators) - 1
    share_minor = round_ratio(principal_minor, len(rate_numerators) - principal_grace, rounding)
    balance_minor = principal_minor
    for k, rate_numerator in enumerate(rate_numerators):
        interest_minor = round_ratio(balance_minor * rate_numerator, rate_denominator, rounding)
        if k < principal_grace:
            yield Parts(0, interest_minor)
        elif k == last or balance_minor <= share_minor:
            yield Parts(balance_minor, interest_minor)
            return
        else:
            balance_minor -= share_minor
            yield Parts(share_minor, interest_minor)


def agreed_principals(
    principals_minor: Sequence[int],
    rate_numerators: Sequence[int],
    rate_denominator: int,
    rounding: Rounding,
) -> Iterator[Parts]:
    """Principal as given, interest counted on the balance: custom, interest-only, single."""
    balance_minor = sum(principals_minor)
    for principal_minor, rate_numerator in zip(principals_minor, rate_numerators, strict=True):
        interest_minor = round_ratio(balance_minor * rate_numerator, rate_denominator, rounding)
        yield Parts(principal_minor, interest_minor)
        balance_minor -= principal_minor
