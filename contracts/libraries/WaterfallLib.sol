// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Instalment, Loan, LoanTerms, Owed} from "../interfaces/ILoanLedger.sol";
import {CalendarLib} from "./CalendarLib.sol";
import {RoundingLib} from "./RoundingLib.sol";

/// @title WaterfallLib
/// @notice What is owed on a day, and how a repayment is allocated.
///
/// Penalty is counted in unit-days: one overdue minor unit for one day past due beyond the grace
/// days. Unit-days are whole numbers, added up exactly however often the loan is touched, and turned
/// into money by one rounding:
///
///     penalty accrued = unit-days × penaltyRatePpm / (1,000,000 × penaltyYearDays)
///
/// so what is owed at a time does not depend on when, how often or by whom the loan was touched.
library WaterfallLib {
    using CalendarLib for uint32;
    using RoundingLib for uint256;

    uint256 private constant PPM = 1_000_000;

    /// @notice What is owed on day number `today`, and the unit-days counted up to it.
    function owedOn(LoanTerms calldata terms, Loan memory loan, uint256 today)
        internal
        pure
        returns (Owed memory owed, uint128 penaltyUnitDays)
    {
        Instalment[] calldata instalments = terms.instalments;
        uint256 unitDays = loan.penaltyUnitDays;
        uint256 graceDays = terms.graceDays;
        uint64 paid = loan.paidOnNextMinor;
        uint256 i = loan.nextInstalment;

        for (; i < instalments.length; ++i) {
            Instalment calldata row = instalments[i];
            uint256 dueDay = row.dueOn.dayNumber();
            (uint64 interest, uint64 principal) = _unpaid(row, paid);
            paid = 0;
            if (dueDay > today) {
                owed.currentMinor = interest + principal;
                owed.payoffInterestMinor =
                    _elapsedInterest(terms, i, today, row.interestMinor - interest);
                break;
            }
            uint256 daysPastDue = today - dueDay;
            if (owed.daysPastDue == 0) owed.daysPastDue = uint32(daysPastDue);
            if (daysPastDue > graceDays) {
                owed.arrearsMinor += interest + principal;
                uint256 bearsFrom = dueDay + graceDays;
                if (bearsFrom < loan.accruedOn) bearsFrom = loan.accruedOn;
                unitDays += (uint256(interest) + principal) * (today - bearsFrom);
            }
            owed.interestMinor += interest;
            owed.principalMinor += principal;
        }

        uint256 accrued = (unitDays * terms.penaltyRatePpm)
            .divide(PPM * terms.penaltyYearDays, terms.rounding);
        // Safe: unit-days only grow, so what accrued covers what was repaid of it.
        owed.penaltyMinor = uint64(accrued - loan.penaltyRepaidMinor);
        owed.outstandingPrincipalMinor = terms.principalMinor - loan.principalRepaidMinor;
        penaltyUnitDays = uint128(unitDays);
    }

    /// @notice Allocates `amountMinor` to unpaid instalments from the oldest on, interest before
    /// principal in each, and moves `loan` forward accordingly.
    function allocate(LoanTerms calldata terms, Loan memory loan, uint64 amountMinor)
        internal
        pure
        returns (uint64 interestMinor, uint64 principalMinor)
    {
        Instalment[] calldata instalments = terms.instalments;
        while (amountMinor != 0) {
            (uint64 interest, uint64 principal) =
                _unpaid(instalments[loan.nextInstalment], loan.paidOnNextMinor);
            if (amountMinor < interest + principal) {
                if (amountMinor < interest) interest = amountMinor;
                principal = amountMinor - interest;
                loan.paidOnNextMinor += amountMinor;
                amountMinor = 0;
            } else {
                amountMinor -= interest + principal;
                loan.paidOnNextMinor = 0;
                ++loan.nextInstalment;
            }
            interestMinor += interest;
            principalMinor += principal;
        }
        loan.principalRepaidMinor += principalMinor;
    }

    /// @notice Most that `repay` may take.
    function repayable(Owed memory owed) internal pure returns (uint64) {
        return owed.penaltyMinor + owed.interestMinor + owed.principalMinor + owed.currentMinor;
    }

    /// @notice Interest `payoff` charges.
    function payoffInterest(Owed memory owed) internal pure returns (uint64) {
        return owed.interestMinor + owed.payoffInterestMinor;
    }

    /// @dev What is left of an instalment of which `paid` was repaid, interest first.
    function _unpaid(Instalment calldata row, uint64 paid)
        private
        pure
        returns (uint64 interest, uint64 principal)
    {
        interest = row.interestMinor;
        principal = row.principalMinor;
        if (paid <= interest) {
            interest -= paid;
        } else {
            principal -= paid - interest;
            interest = 0;
        }
    }

    /// @dev The current period's interest for its elapsed days, less what was repaid of it.
    function _elapsedInterest(
        LoanTerms calldata terms,
        uint256 index,
        uint256 today,
        uint64 interestRepaid
    ) private pure returns (uint64) {
        Instalment calldata row = terms.instalments[index];
        uint256 startDay =
            (index == 0 ? terms.disburseOn : terms.instalments[index - 1].dueOn).dayNumber();
        if (today <= startDay) return 0;
        uint256 elapsed = (uint256(row.interestMinor) * (today - startDay))
            .divide(row.dueOn.dayNumber() - startDay, terms.rounding);
        return elapsed > interestRepaid ? uint64(elapsed - interestRepaid) : 0;
    }
}
