// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    Allocation,
    Instalment,
    LoanTerms,
    Owed,
    Prepayment,
    Rounding
} from "../../interfaces/ILoanLedger.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

/// @title DayByDayLoan
/// @notice A loan simulated one day and one instalment at a time: slow, with every instalment written
/// out as it stands now, and every formula written another way than in the libraries.
library DayByDayLoan {
    /// @param balance Principal outstanding before each instalment as the schedule stands now.
    /// @param interest Of each instalment as the schedule stands now; likewise `principal`.
    /// @param next The instalment that the next repayment goes to.
    struct State {
        LoanTerms terms;
        uint256 today;
        uint256 next;
        uint256[] dueDays;
        uint256[] signedBalance;
        uint256[] balance;
        uint256[] interest;
        uint256[] principal;
        uint256[] unpaidInterest;
        uint256[] unpaidPrincipal;
        bool isAccelerated;
        uint256 acceleratedInterest;
        uint256 acceleratedPrincipal;
        uint256 oldestDueDay;
        uint256 carriedPenalty;
        uint256 carriedInterest;
        uint256 penaltyUnitDays;
        uint256 penaltyRepaid;
    }

    function start(LoanTerms memory terms, uint256 today) internal pure returns (State memory state) {
        uint256 count = terms.instalments.length;
        state.terms = terms;
        state.today = today;
        state.dueDays = new uint256[](count);
        state.signedBalance = new uint256[](count);
        state.balance = new uint256[](count);
        state.interest = new uint256[](count);
        state.principal = new uint256[](count);
        state.unpaidInterest = new uint256[](count);
        state.unpaidPrincipal = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            state.dueDays[i] = SlowCalendar.daysOf(terms.instalments[i].dueOn);
            state.principal[i] = terms.instalments[i].principalMinor;
            for (uint256 j; j <= i; ++j) state.signedBalance[j] += state.principal[i];
        }
        _rewrite(state, 0);
    }

    /// @notice Begins with what another loan left.
    function carry(State memory state, uint256 penalty, uint256 interest, uint256 outstanding)
        internal
        pure
    {
        state.carriedPenalty = penalty;
        state.carriedInterest = interest;
        uint256 credit = state.terms.principalMinor - outstanding;
        if (credit == 0) return;
        if (state.terms.prepayment == Prepayment.SmallerInstalments) {
            _scale(state, 0, outstanding, state.terms.principalMinor);
        } else {
            _cutTail(state, credit);
        }
        _rewrite(state, 0);
    }

    /// @notice Lives on to `today`; on each new day, what is past due beyond grace bears penalty.
    function liveTo(State memory state, uint256 today) internal pure {
        while (state.today < today) {
            ++state.today;
            for (uint256 i = state.next; i < state.dueDays.length; ++i) {
                if (state.today > state.dueDays[i] + state.terms.graceDays) {
                    state.penaltyUnitDays += _unpaid(state, i);
                }
            }
            state.penaltyUnitDays += state.acceleratedInterest + state.acceleratedPrincipal;
        }
    }

    function owed(State memory state) internal pure returns (Owed memory sums) {
        sums.penaltyMinor = penaltyAccrued(state) - state.penaltyRepaid + state.carriedPenalty;
        sums.interestMinor = state.carriedInterest + state.acceleratedInterest;
        sums.principalMinor = state.acceleratedPrincipal;
        sums.outstandingPrincipalMinor = state.acceleratedPrincipal;
        sums.arrearsMinor = state.acceleratedInterest + state.acceleratedPrincipal;
        if (sums.arrearsMinor != 0) sums.daysPastDue = state.today - state.oldestDueDay;
        bool hasCurrent;
        for (uint256 i = state.next; i < state.dueDays.length; ++i) {
            sums.outstandingPrincipalMinor += state.unpaidPrincipal[i];
            if (state.dueDays[i] > state.today) {
                if (!hasCurrent) {
                    sums.currentMinor = _unpaid(state, i);
                    sums.payoffInterestMinor = _elapsedInterest(state, i);
                }
                hasCurrent = true;
                continue;
            }
            uint256 daysPastDue = state.today - state.dueDays[i];
            bool isOldest = _unpaid(state, i) != 0 && sums.daysPastDue < daysPastDue;
            if (isOldest) sums.daysPastDue = daysPastDue;
            if (daysPastDue > state.terms.graceDays) sums.arrearsMinor += _unpaid(state, i);
            sums.interestMinor += state.unpaidInterest[i];
            sums.principalMinor += state.unpaidPrincipal[i];
        }
        sums.payoffFeeMinor = feeOn(state, sums.outstandingPrincipalMinor - sums.principalMinor);
    }

    /// @notice Takes `amountMinor`, at most what can be repaid, and tells where it went.
    function repay(State memory state, uint256 amountMinor)
        internal
        pure
        returns (uint256 penalty, uint256 interest, uint256 principal)
    {
        Owed memory now_ = owed(state);
        uint256 first =
            state.terms.allocation == Allocation.PenaltyLast ? now_.interestMinor + now_.principalMinor : 0;
        uint256 behind = amountMinor > first ? amountMinor - first : 0;
        penalty = _least(behind, now_.penaltyMinor);
        uint256 carried = _least(penalty, state.carriedPenalty);
        state.carriedPenalty -= carried;
        state.penaltyRepaid += penalty - carried;

        uint256 rest = amountMinor - penalty;
        interest = _least(rest, state.carriedInterest);
        state.carriedInterest -= interest;
        rest -= interest;
        uint256 part = _least(rest, state.acceleratedInterest);
        state.acceleratedInterest -= part;
        interest += part;
        rest -= part;
        principal = _least(rest, state.acceleratedPrincipal);
        state.acceleratedPrincipal -= principal;
        rest -= principal;
        while (rest != 0) {
            uint256 i = state.next;
            part = _least(rest, state.unpaidInterest[i]);
            state.unpaidInterest[i] -= part;
            interest += part;
            rest -= part;
            part = _least(rest, state.unpaidPrincipal[i]);
            state.unpaidPrincipal[i] -= part;
            principal += part;
            rest -= part;
            if (_unpaid(state, i) == 0) _advance(state);
        }
    }

    /// @notice Prepays, and tells what interest that costs.
    function prepay(State memory state, uint256 principalMinor)
        internal
        pure
        returns (uint256 interest)
    {
        uint256 i = state.next;
        uint256 startDay = _startDay(state, i);
        uint256 elapsed = state.today > startDay ? state.today - startDay : 0;
        interest = _round(
            state,
            state.interest[i] * principalMinor * elapsed,
            state.balance[i] * (state.dueDays[i] - startDay)
        );
        uint256 interestPaid = state.interest[i] - state.unpaidInterest[i];
        uint256 principalPaid = state.principal[i] - state.unpaidPrincipal[i];

        if (state.terms.prepayment == Prepayment.SmallerInstalments) {
            uint256 beyond = state.balance[i + 1];
            _scale(state, i + 1, beyond - principalMinor, state.signedBalance[i + 1]);
        } else {
            _cutTail(state, principalMinor);
        }
        _rewrite(state, i);

        state.unpaidPrincipal[i] -= principalPaid;
        uint256 kept = _least(interestPaid, state.interest[i]);
        state.unpaidInterest[i] -= kept;
        interest -= _least(interest, interestPaid - kept);
    }

    /// @notice Makes all due, with interest to the day.
    function accelerate(State memory state) internal pure {
        Owed memory now_ = owed(state);
        state.acceleratedInterest =
            now_.interestMinor - state.carriedInterest + now_.payoffInterestMinor;
        state.acceleratedPrincipal = now_.outstandingPrincipalMinor;
        state.oldestDueDay = state.today - now_.daysPastDue;
        state.isAccelerated = true;
        state.next = state.dueDays.length;
    }

    function isRepaid(State memory state) internal pure returns (bool) {
        return state.next == state.dueDays.length
            && state.acceleratedInterest + state.acceleratedPrincipal + state.carriedInterest == 0;
    }

    function feeOn(State memory state, uint256 principalMinor) internal pure returns (uint256) {
        return _round(state, principalMinor * state.terms.prepaymentFeePpm, 1_000_000);
    }

    function penaltyAccrued(State memory state) internal pure returns (uint256) {
        return _round(
            state,
            state.penaltyUnitDays * state.terms.penaltyRatePpm,
            1_000_000 * uint256(state.terms.penaltyYearDays)
        );
    }

    /// @dev Compares doubled distances to the floor and to the next whole number.
    function round(uint256 numerator, uint256 denominator, bool isHalfUp)
        internal
        pure
        returns (uint256)
    {
        uint256 below = numerator / denominator;
        uint256 toBelow = numerator - below * denominator;
        uint256 toAbove = (below + 1) * denominator - numerator;
        if (toBelow < toAbove) return below;
        if (toAbove < toBelow) return below + 1;
        if (isHalfUp) return below + 1;
        return below % 2 == 0 ? below : below + 1;
    }

    /* THE SCHEDULE AS IT STANDS */

    /// @dev The last instalments' principal falls away.
    function _cutTail(State memory state, uint256 principalMinor) private pure {
        for (uint256 i = state.principal.length; principalMinor != 0; --i) {
            uint256 part = _least(principalMinor, state.principal[i - 1]);
            state.principal[i - 1] -= part;
            principalMinor -= part;
        }
    }

    /// @dev Every balance from instalment `from` on becomes numerator ÷ denominator of the signed one.
    function _scale(State memory state, uint256 from, uint256 numerator, uint256 denominator)
        private
        pure
    {
        uint256 count = state.principal.length;
        for (uint256 i = from; i < count; ++i) {
            uint256 before = _round(state, state.signedBalance[i] * numerator, denominator);
            uint256 left = i + 1 < count ? state.signedBalance[i + 1] : 0;
            state.principal[i] = before - _round(state, left * numerator, denominator);
        }
    }

    /// @dev Balances and interest from the principals, from instalment `from` on; nothing of it paid.
    function _rewrite(State memory state, uint256 from) private pure {
        uint256 left;
        for (uint256 i = state.principal.length; i > from; --i) {
            left += state.principal[i - 1];
            state.balance[i - 1] = left;
            Instalment memory signed = state.terms.instalments[i - 1];
            state.interest[i - 1] =
                _round(state, signed.interestMinor * left, state.signedBalance[i - 1]);
            state.unpaidInterest[i - 1] = state.interest[i - 1];
            state.unpaidPrincipal[i - 1] = state.principal[i - 1];
        }
    }

    function _advance(State memory state) private pure {
        ++state.next;
        uint256 count = state.dueDays.length;
        if (state.next < count && state.balance[state.next] == 0) state.next = count;
    }

    function _unpaid(State memory state, uint256 i) private pure returns (uint256) {
        return state.unpaidInterest[i] + state.unpaidPrincipal[i];
    }

    function _startDay(State memory state, uint256 i) private pure returns (uint256) {
        return i == 0 ? SlowCalendar.daysOf(state.terms.disburseOn) : state.dueDays[i - 1];
    }

    function _elapsedInterest(State memory state, uint256 i) private pure returns (uint256) {
        uint256 startDay = _startDay(state, i);
        uint256 elapsedDays;
        for (uint256 day = startDay; day < state.today; ++day) ++elapsedDays;
        uint256 agreed = state.interest[i];
        uint256 earned = _round(state, agreed * elapsedDays, state.dueDays[i] - startDay);
        uint256 repaid = agreed - state.unpaidInterest[i];
        return earned > repaid ? earned - repaid : 0;
    }

    function _round(State memory state, uint256 numerator, uint256 denominator)
        private
        pure
        returns (uint256)
    {
        return round(numerator, denominator, state.terms.rounding == Rounding.HalfUp);
    }

    function _least(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
