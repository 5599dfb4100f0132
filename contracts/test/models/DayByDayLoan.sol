// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instalment, LoanTerms, Owed} from "../../interfaces/ILoanLedger.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

/// @title DayByDayLoan
/// @notice A loan simulated one day and one instalment at a time: slow, with nothing carried but what
/// is unpaid of each instalment, and every formula written another way than in `WaterfallLib`.
library DayByDayLoan {
    struct State {
        LoanTerms terms;
        uint256 today;
        uint256[] dueDays;
        uint256[] unpaidInterest;
        uint256[] unpaidPrincipal;
        uint256 penaltyUnitDays;
        uint256 penaltyRepaid;
        uint256 interestRepaid;
        uint256 principalRepaid;
    }

    function start(LoanTerms memory terms, uint256 today) internal pure returns (State memory state) {
        uint256 count = terms.instalments.length;
        state.terms = terms;
        state.today = today;
        state.dueDays = new uint256[](count);
        state.unpaidInterest = new uint256[](count);
        state.unpaidPrincipal = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            Instalment memory row = terms.instalments[i];
            state.dueDays[i] = SlowCalendar.daysOf(row.dueOn);
            state.unpaidInterest[i] = row.interestMinor;
            state.unpaidPrincipal[i] = row.principalMinor;
        }
    }

    /// @notice Lives on to `today`; on each new day, what is past due beyond grace bears penalty.
    function liveTo(State memory state, uint256 today) internal pure {
        while (state.today < today) {
            ++state.today;
            for (uint256 i; i < state.dueDays.length; ++i) {
                if (state.today > state.dueDays[i] + state.terms.graceDays) {
                    state.penaltyUnitDays += state.unpaidInterest[i] + state.unpaidPrincipal[i];
                }
            }
        }
    }

    function owed(State memory state) internal pure returns (Owed memory sums) {
        sums.penaltyMinor = uint64(penaltyAccrued(state) - state.penaltyRepaid);
        sums.outstandingPrincipalMinor = state.terms.principalMinor - uint64(state.principalRepaid);
        bool hasCurrent;
        for (uint256 i; i < state.dueDays.length; ++i) {
            uint64 unpaid = uint64(state.unpaidInterest[i] + state.unpaidPrincipal[i]);
            if (unpaid == 0) continue;
            if (state.dueDays[i] > state.today) {
                if (!hasCurrent) {
                    sums.currentMinor = unpaid;
                    sums.payoffInterestMinor = uint64(_elapsedInterest(state, i));
                }
                hasCurrent = true;
                continue;
            }
            uint256 daysPastDue = state.today - state.dueDays[i];
            if (daysPastDue > sums.daysPastDue) sums.daysPastDue = uint32(daysPastDue);
            if (daysPastDue > state.terms.graceDays) sums.arrearsMinor += unpaid;
            sums.interestMinor += uint64(state.unpaidInterest[i]);
            sums.principalMinor += uint64(state.unpaidPrincipal[i]);
        }
    }

    /// @notice Takes `amountMinor`, at most what can be repaid, and tells where it went.
    function repay(State memory state, uint256 amountMinor)
        internal
        pure
        returns (uint256 penalty, uint256 interest, uint256 principal)
    {
        penalty = _least(amountMinor, penaltyAccrued(state) - state.penaltyRepaid);
        state.penaltyRepaid += penalty;
        amountMinor -= penalty;
        for (uint256 i; i < state.dueDays.length; ++i) {
            uint256 part = _least(amountMinor, state.unpaidInterest[i]);
            state.unpaidInterest[i] -= part;
            interest += part;
            amountMinor -= part;
            part = _least(amountMinor, state.unpaidPrincipal[i]);
            state.unpaidPrincipal[i] -= part;
            principal += part;
            amountMinor -= part;
        }
        state.interestRepaid += interest;
        state.principalRepaid += principal;
    }

    function isRepaid(State memory state) internal pure returns (bool) {
        for (uint256 i; i < state.dueDays.length; ++i) {
            if (state.unpaidInterest[i] + state.unpaidPrincipal[i] != 0) return false;
        }
        return true;
    }

    function penaltyAccrued(State memory state) internal pure returns (uint256) {
        return round(
            state.penaltyUnitDays * state.terms.penaltyRatePpm,
            1_000_000 * uint256(state.terms.penaltyYearDays),
            state.terms.rounding
        );
    }

    /// @dev Compares doubled distances to the floor and to the next whole number.
    function round(uint256 numerator, uint256 denominator, bytes32 rounding)
        internal
        pure
        returns (uint256)
    {
        uint256 below = numerator / denominator;
        uint256 toBelow = numerator - below * denominator;
        uint256 toAbove = (below + 1) * denominator - numerator;
        if (toBelow < toAbove) return below;
        if (toAbove < toBelow) return below + 1;
        if (rounding == "half_up") return below + 1;
        return below % 2 == 0 ? below : below + 1;
    }

    function _elapsedInterest(State memory state, uint256 i) private pure returns (uint256) {
        uint256 startDay =
            i == 0 ? SlowCalendar.daysOf(state.terms.disburseOn) : state.dueDays[i - 1];
        uint256 elapsedDays;
        for (uint256 day = startDay; day < state.today; ++day) ++elapsedDays;
        uint256 agreed = state.terms.instalments[i].interestMinor;
        uint256 earned =
            round(agreed * elapsedDays, state.dueDays[i] - startDay, state.terms.rounding);
        uint256 repaid = agreed - state.unpaidInterest[i];
        return earned > repaid ? earned - repaid : 0;
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
