// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ILedgerErrors, LoanFlags, Prepayment} from "../interfaces/ILoanLedger.sol";
import {CalendarLib} from "./CalendarLib.sol";
import {RoundingLib} from "./RoundingLib.sol";
import {Standing, StandingLib} from "./StandingLib.sol";
import {Row} from "./RowLib.sol";
import {Witness, WitnessLib} from "./WitnessLib.sol";

/// @title ReductionLib
/// @notice The schedule after principal was prepaid; the rule is told at `Reduction`.
library ReductionLib {
    using CalendarLib for uint32;
    using RoundingLib for uint256;
    using StandingLib for Standing;
    using WitnessLib for Witness;

    /// @notice Balance before instalment `index`, its interest and principal, as they stand now. A
    /// balance of zero ends the schedule.
    function reduced(Standing memory standing, Witness memory shown, Row row, uint256 index)
        internal
        pure
        returns (uint256 balanceMinor, uint256 interestMinor, uint256 principalMinor)
    {
        unchecked {
            // Safe: no balance rises along a schedule.
            uint256 signed = row.balanceMinor();
            uint256 balanceAfter = row.balanceAfterMinor();
            balanceMinor = signed;
            interestMinor = row.interestMinor();
            if (standing.has(LoanFlags.REDUCED)) {
                balanceAfter = _reduce(standing, shown, balanceAfter);
                balanceMinor = index < standing.fromInstalment
                    ? balanceAfter + standing.currentPrincipalMinor
                    : _reduce(standing, shown, signed);
                interestMinor = (interestMinor * balanceMinor).divide(signed, shown.isHalfUp());
            }
            principalMinor = balanceMinor - balanceAfter;
        }
    }

    /// @notice Reduces the schedule beyond the current instalment, which is not due yet, by
    /// `prepaidMinor`. The current one keeps its principal; its interest falls in proportion.
    /// @return interestMinor Interest on what is prepaid for the elapsed days of the current period,
    /// less what was paid already of interest that is no longer owed.
    function prepay(
        Standing memory standing,
        Witness memory shown,
        uint256 prepaidMinor
    ) internal pure returns (uint256 interestMinor) {
        uint256 index = standing.nextInstalment;
        Row row = shown.row(index);
        (uint256 balance, uint256 interest, uint256 principal) =
            reduced(standing, shown, row, index);
        uint256 beyond = balance - principal;
        // Where the current instalment has no principal, repaying all beyond it would be a payoff.
        uint256 most = beyond < balance ? beyond : balance - 1;
        require(
            prepaidMinor <= most,
            ILedgerErrors.PrepaymentTooLarge(uint64(prepaidMinor), uint64(most))
        );

        uint256 startDay = row.startsOn().dayNumber();
        if (standing.accruedOn > startDay) {
            uint256 periodDays = row.dueOn().dayNumber() - startDay;
            interestMinor = (interest * prepaidMinor * (standing.accruedOn - startDay))
                .divide(balance * periodDays, shown.isHalfUp());
        }

        standing.flags |= LoanFlags.REDUCED;
        if (shown.prepayment() == Prepayment.SmallerInstalments) {
            standing.fromInstalment = index + 1;
            standing.numeratorMinor = beyond - prepaidMinor;
            standing.denominatorMinor = row.balanceAfterMinor();
            standing.currentPrincipalMinor = principal;
        } else {
            standing.shiftMinor += prepaidMinor;
        }

        (, uint256 interestAfter,) = reduced(standing, shown, row, index);
        uint256 interestPaid =
            interest < standing.paidOnNextMinor ? interest : standing.paidOnNextMinor;
        if (interestPaid > interestAfter) {
            uint256 excess = interestPaid - interestAfter;
            standing.paidOnNextMinor -= excess;
            interestMinor = interestMinor > excess ? interestMinor - excess : 0;
        }
    }

    /// @notice Reduces a schedule nobody has repaid of yet from its principal to `balanceMinor`.
    function credit(
        Standing memory standing,
        Witness memory shown,
        uint256 principalMinor,
        uint256 balanceMinor
    ) internal pure {
        if (balanceMinor == principalMinor) return;
        standing.flags |= LoanFlags.REDUCED;
        if (shown.prepayment() == Prepayment.SmallerInstalments) {
            standing.numeratorMinor = balanceMinor;
            standing.denominatorMinor = principalMinor;
        } else {
            standing.shiftMinor = principalMinor - balanceMinor;
        }
    }

    function _reduce(Standing memory standing, Witness memory shown, uint256 balanceMinor)
        private
        pure
        returns (uint256)
    {
        unchecked {
            // Safe: factors of 48 bits.
            uint256 denominator = standing.denominatorMinor;
            if (denominator != 0) {
                return
                    (balanceMinor * standing.numeratorMinor).divide(denominator, shown.isHalfUp());
            }
            uint256 shift = standing.shiftMinor;
            return balanceMinor > shift ? balanceMinor - shift : 0;
        }
    }
}
