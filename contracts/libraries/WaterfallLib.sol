// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {LoanFlags, Owed} from "../interfaces/ILoanLedger.sol";
import {CalendarLib} from "./CalendarLib.sol";
import {ReductionLib} from "./ReductionLib.sol";
import {RoundingLib} from "./RoundingLib.sol";
import {Standing, StandingLib} from "./StandingLib.sol";
import {Row} from "./RowLib.sol";
import {Witness, WitnessLib} from "./WitnessLib.sol";

/// @title WaterfallLib
/// @notice What is owed on a day, and how a repayment is allocated. The rules are at the head of
/// `LoanLedger`.
library WaterfallLib {
    using CalendarLib for uint32;
    using ReductionLib for Standing;
    using RoundingLib for uint256;
    using StandingLib for Standing;
    using WitnessLib for Witness;

    uint256 private constant PPM = 1_000_000;

    /// @notice Fills `owed` with what is owed on day number `today`; counts the standing's unit-days up
    /// to it.
    /// @param isPayoff Whether to count what only a payoff charges.
    function accrue(
        Standing memory standing,
        Witness memory shown,
        uint256 today,
        bool isPayoff,
        Owed memory owed
    ) internal pure {
        unchecked {
            // Safe: days have 24 bits, amounts 48, and unit-days stay below 2 ** 72.
            uint256 unitDays = standing.penaltyUnitDays
                + _oweInstalments(standing, shown, today, isPayoff, owed);
            if (standing.has(LoanFlags.DUE_AT_ONCE)) {
                unitDays += _oweAtOnce(standing, today, owed);
            }
            if (isPayoff) {
                owed.payoffFeeMinor =
                    feeOn(shown, owed.outstandingPrincipalMinor - owed.principalMinor);
            }
            if (unitDays != 0) {
                // Safe: unit-days only grow, so what accrued covers what was repaid of it.
                owed.penaltyMinor += (unitDays * shown.penaltyRatePpm())
                    .divide(PPM * shown.penaltyYearDays(), shown.isHalfUp())
                - standing.penaltyRepaidMinor;
            }
            standing.penaltyUnitDays = unitDays;
            standing.accruedOn = today;
        }
    }

    /// @notice Allocates `amountMinor`, at most what is repayable, and moves `standing` forward.
    function allocate(
        Standing memory standing,
        Witness memory shown,
        Owed memory owed,
        uint256 amountMinor
    ) internal pure returns (uint256 penaltyMinor, uint256 interestMinor, uint256 principalMinor) {
        unchecked {
            // Safe: every part is at most what is left of the amount.
            penaltyMinor = amountMinor;
            if (shown.isPenaltyLast()) {
                penaltyMinor -= _min(amountMinor, owed.interestMinor + owed.principalMinor);
            }
            penaltyMinor = _min(penaltyMinor, owed.penaltyMinor);
            amountMinor -= penaltyMinor;

            uint256 carried;
            if (standing.has(LoanFlags.DUE_AT_ONCE)) {
                carried = _min(penaltyMinor, standing.carriedPenaltyMinor);
                standing.carriedPenaltyMinor -= carried;
                interestMinor = _min(amountMinor, standing.carriedInterestMinor);
                standing.carriedInterestMinor -= interestMinor;
                uint256 part = _min(amountMinor - interestMinor, standing.acceleratedInterestMinor);
                standing.acceleratedInterestMinor -= part;
                interestMinor += part;
                principalMinor = _min(amountMinor - interestMinor, standing.acceleratedPrincipalMinor);
                standing.acceleratedPrincipalMinor -= principalMinor;
                amountMinor -= interestMinor + principalMinor;
            }
            standing.penaltyRepaidMinor += penaltyMinor - carried;

            while (amountMinor != 0) {
                (uint256 interest, uint256 principal) =
                    _allocateNext(standing, shown, amountMinor);
                amountMinor -= interest + principal;
                interestMinor += interest;
                principalMinor += principal;
            }
        }
    }

    /// @notice Moves `standing` to where nothing is owed any more.
    function clear(Standing memory standing, Witness memory shown, Owed memory owed) internal pure {
        standing.penaltyRepaidMinor += owed.penaltyMinor - standing.carriedPenaltyMinor;
        standing.carriedPenaltyMinor = 0;
        standing.carriedInterestMinor = 0;
        _endInstalments(standing, shown, 0, 0);
    }

    /// @notice Replaces all instalments by what is owed at once, interest to the day included; `owed`
    /// then says so too.
    function accelerate(Standing memory standing, Witness memory shown, Owed memory owed)
        internal
        pure
    {
        owed.interestMinor += owed.payoffInterestMinor;
        owed.principalMinor = owed.outstandingPrincipalMinor;
        owed.currentMinor = 0;
        standing.flags |= LoanFlags.DUE_AT_ONCE | LoanFlags.ACCELERATED;
        standing.oldestDueDay = standing.accruedOn - owed.daysPastDue;
        _endInstalments(
            standing,
            shown,
            owed.interestMinor - standing.carriedInterestMinor,
            owed.outstandingPrincipalMinor
        );
    }

    /// @notice The agreed fee on principal repaid before it is due.
    function feeOn(Witness memory shown, uint256 principalMinor) internal pure returns (uint256) {
        return (principalMinor * shown.prepaymentFeePpm()).divide(PPM, shown.isHalfUp());
    }

    /// @notice All that has fallen due.
    function due(Owed memory owed) internal pure returns (uint256) {
        unchecked {
            // Safe: far below 2 ** 256, as in the two below.
            return owed.penaltyMinor + owed.interestMinor + owed.principalMinor;
        }
    }

    /// @notice Most that `repay` may take.
    function repayable(Owed memory owed) internal pure returns (uint256) {
        unchecked {
            return due(owed) + owed.currentMinor;
        }
    }

    /// @notice What `payoff` takes.
    function payoff(Owed memory owed) internal pure returns (uint256) {
        unchecked {
            return owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
                + owed.outstandingPrincipalMinor + owed.payoffFeeMinor;
        }
    }

    /// @notice Whether nothing is left once `penaltyMinor` of the penalty is repaid.
    function isCleared(
        Standing memory standing,
        Witness memory shown,
        Owed memory owed,
        uint256 penaltyMinor
    ) internal pure returns (bool) {
        if (standing.nextInstalment != shown.instalmentCount()) return false;
        return penaltyMinor == owed.penaltyMinor && standing.carriedInterestMinor == 0
            && standing.acceleratedInterestMinor == 0 && standing.acceleratedPrincipalMinor == 0;
    }

    /// @dev Adds what the instalments owe; the unit-days they bore since the last accrual.
    function _oweInstalments(
        Standing memory standing,
        Witness memory shown,
        uint256 today,
        bool isPayoff,
        Owed memory owed
    ) private pure returns (uint256 unitDays) {
        unchecked {
            uint256 count = shown.instalmentCount();
            uint256 paid = standing.paidOnNextMinor;
            uint256 first = standing.nextInstalment;
            for (uint256 i = first; i < count; ++i) {
                Row row = shown.row(i);
                (uint256 balance, uint256 interest, uint256 principal) =
                    standing.reduced(shown, row, i);
                if (balance == 0) break;
                uint256 interestPaid = _min(paid, interest);
                principal -= paid - interestPaid;
                if (i == first) owed.outstandingPrincipalMinor = balance - (paid - interestPaid);
                paid = 0;

                uint256 unpaid = interest - interestPaid + principal;
                uint256 dueDay = row.dueOn().dayNumber();
                if (dueDay > today) {
                    owed.currentMinor = unpaid;
                    uint256 startDay = row.startsOn().dayNumber();
                    if (isPayoff && today > startDay) {
                        uint256 elapsed = (interest * (today - startDay))
                            .divide(dueDay - startDay, shown.isHalfUp());
                        if (elapsed > interestPaid) {
                            owed.payoffInterestMinor = elapsed - interestPaid;
                        }
                    }
                    break;
                }
                // A prepaid schedule may have instalments of nothing.
                if (unpaid != 0 && owed.daysPastDue == 0) owed.daysPastDue = today - dueDay;
                owed.interestMinor += interest - interestPaid;
                owed.principalMinor += principal;
                uint256 bearsFrom = dueDay + shown.graceDays();
                if (today > bearsFrom) {
                    owed.arrearsMinor += unpaid;
                    if (bearsFrom < standing.accruedOn) bearsFrom = standing.accruedOn;
                    unitDays += unpaid * (today - bearsFrom);
                }
            }
        }
    }

    /// @dev Adds what is due outside the instalments; the unit-days it bore since the last accrual.
    function _oweAtOnce(Standing memory standing, uint256 today, Owed memory owed)
        private
        pure
        returns (uint256 unitDays)
    {
        unchecked {
            owed.penaltyMinor = standing.carriedPenaltyMinor;
            owed.interestMinor += standing.carriedInterestMinor;
            uint256 interest = standing.acceleratedInterestMinor;
            uint256 principal = standing.acceleratedPrincipalMinor;
            if (interest + principal == 0) return 0;
            owed.interestMinor += interest;
            owed.principalMinor = principal;
            owed.outstandingPrincipalMinor = principal;
            owed.arrearsMinor = interest + principal;
            owed.daysPastDue = today - standing.oldestDueDay;
            unitDays = (interest + principal) * (today - standing.accruedOn);
        }
    }

    /// @dev Repays of the next instalment what `amountMinor` covers, interest before principal.
    function _allocateNext(Standing memory standing, Witness memory shown, uint256 amountMinor)
        private
        pure
        returns (uint256 interest, uint256 principal)
    {
        unchecked {
            uint256 index = standing.nextInstalment;
            uint256 balance;
            (balance, interest, principal) =
                standing.reduced(shown, shown.row(index), index);
            bool isLast = balance == principal;
            uint256 paid = standing.paidOnNextMinor;
            uint256 interestPaid = _min(paid, interest);
            interest -= interestPaid;
            principal -= paid - interestPaid;
            if (amountMinor < interest + principal) {
                standing.paidOnNextMinor = paid + amountMinor;
                interest = _min(interest, amountMinor);
                principal = amountMinor - interest;
            } else {
                standing.paidOnNextMinor = 0;
                standing.nextInstalment = isLast ? shown.instalmentCount() : index + 1;
            }
        }
    }

    function _endInstalments(
        Standing memory standing,
        Witness memory shown,
        uint256 interestMinor,
        uint256 principalMinor
    ) private pure {
        standing.nextInstalment = shown.instalmentCount();
        standing.paidOnNextMinor = 0;
        standing.acceleratedInterestMinor = interestMinor;
        standing.acceleratedPrincipalMinor = principalMinor;
    }

    function _min(uint256 left, uint256 right) private pure returns (uint256) {
        return left < right ? left : right;
    }
}
