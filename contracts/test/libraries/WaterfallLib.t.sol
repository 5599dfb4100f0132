// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instalment, Loan, LoanTerms, Owed} from "../../interfaces/ILoanLedger.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {ILibraryHarness} from "../harness/LibraryHarness.sol";
import {DayByDayLoan} from "../models/DayByDayLoan.sol";
import {Test} from "../Test.sol";

/// @notice Random schedules and random histories, in the library and in a simulation day by day.
contract WaterfallLibTest is Test {
    using DayByDayLoan for DayByDayLoan.State;

    uint256 private constant FIRST_DAY = 20_454;

    ILibraryHarness private _libraries;
    uint256 private _seed;

    function setUp() public {
        _libraries = ILibraryHarness(deployArtifact("LibraryHarness", ""));
    }

    function testAgreesWithTheSimulation(uint256 seed) public {
        _seed = seed;
        LoanTerms memory terms = _randomTerms();
        uint256 today = FIRST_DAY + _random(0, 5);
        DayByDayLoan.State memory simulated = DayByDayLoan.start(terms, today);
        Loan memory loan;
        loan.accruedOn = uint32(today);

        for (uint256 touch; touch < 12 && !simulated.isRepaid(); ++touch) {
            today += _random(0, 4) == 0 ? _random(0, 200) : _random(0, 40);
            simulated.liveTo(today);
            Owed memory owed;
            (owed, loan.penaltyUnitDays) = _libraries.owedOn(terms, loan, today);
            loan.accruedOn = uint32(today);
            _assertSame(owed, simulated.owed());
            vm.assertEq(loan.penaltyUnitDays, simulated.penaltyUnitDays, "penaltyUnitDays");

            loan = _repay(terms, loan, owed, simulated);
            _assertProgress(terms, loan, simulated);
        }
    }

    /// @dev Asked on any day, the library answers the same whether or not it accrued on the way.
    function testAccruingEveryDayChangesNothing(uint256 seed) public {
        _seed = seed;
        LoanTerms memory terms = _randomTerms();
        Loan memory rare;
        rare.accruedOn = uint32(FIRST_DAY);
        Loan memory daily;
        daily.accruedOn = uint32(FIRST_DAY);
        uint256 last = FIRST_DAY + _random(1, 150);
        Owed memory owed;
        for (uint256 day = FIRST_DAY; day <= last; ++day) {
            (owed, daily.penaltyUnitDays) = _libraries.owedOn(terms, daily, day);
            daily.accruedOn = uint32(day);
        }
        (Owed memory once, uint128 unitDays) = _libraries.owedOn(terms, rare, last);
        _assertSame(once, owed);
        vm.assertEq(unitDays, daily.penaltyUnitDays);
    }

    function _repay(
        LoanTerms memory terms,
        Loan memory loan,
        Owed memory owed,
        DayByDayLoan.State memory simulated
    ) private returns (Loan memory) {
        uint256 most = uint256(owed.penaltyMinor) + owed.interestMinor + owed.principalMinor
            + owed.currentMinor;
        uint64 amount = uint64(_random(0, 3) == 0 ? most : _random(1, most));
        uint64 penalty = amount < owed.penaltyMinor ? amount : owed.penaltyMinor;
        (uint256 simulatedPenalty, uint256 simulatedInterest, uint256 simulatedPrincipal) =
            simulated.repay(amount);
        (uint64 interest, uint64 principal, Loan memory moved) =
            _libraries.allocate(terms, loan, amount - penalty);
        moved.penaltyRepaidMinor += penalty;
        vm.assertEq(penalty, simulatedPenalty, "penalty");
        vm.assertEq(interest, simulatedInterest, "interest");
        vm.assertEq(principal, simulatedPrincipal, "principal");
        vm.assertEq(uint256(penalty) + interest + principal, amount, "nothing lost");
        return moved;
    }

    function _assertProgress(
        LoanTerms memory terms,
        Loan memory loan,
        DayByDayLoan.State memory simulated
    ) private pure {
        vm.assertEq(loan.principalRepaidMinor, simulated.principalRepaid, "principalRepaidMinor");
        uint256 next;
        while (
            next < terms.instalments.length
                && simulated.unpaidInterest[next] + simulated.unpaidPrincipal[next] == 0
        ) ++next;
        vm.assertEq(loan.nextInstalment, next, "nextInstalment");
        uint256 paid;
        if (next < terms.instalments.length) {
            Instalment memory row = terms.instalments[next];
            paid = uint256(row.interestMinor) + row.principalMinor - simulated.unpaidInterest[next]
                - simulated.unpaidPrincipal[next];
        }
        vm.assertEq(loan.paidOnNextMinor, paid, "paidOnNextMinor");
    }

    function _randomTerms() private returns (LoanTerms memory terms) {
        uint256 count = _random(1, 8);
        terms.instalments = new Instalment[](count);
        terms.rounding = _random(0, 1) == 0 ? bytes32("half_even") : bytes32("half_up");
        terms.penaltyRatePpm = uint32(_random(0, 4) == 0 ? 0 : _random(1, 1_000_000));
        terms.penaltyYearDays = _random(0, 1) == 0 ? 360 : 365;
        terms.graceDays = uint16(_random(0, 2) == 0 ? 0 : _random(1, 40));
        terms.disburseOn = SlowCalendar.dateOf(FIRST_DAY);
        uint256 dueDay = FIRST_DAY + 5;
        uint256 scale = 10 ** _random(0, 12);
        for (uint256 i; i < count; ++i) {
            dueDay += _random(1, 60);
            uint64 principal = uint64(_random(0, 3) == 0 ? 0 : _random(1, 900 * scale));
            uint64 interest = uint64(_random(0, 3) == 0 ? 0 : _random(1, 90 * scale));
            if (principal + interest == 0) principal = 1;
            terms.instalments[i] = Instalment(SlowCalendar.dateOf(dueDay), principal, interest);
            terms.principalMinor += principal;
        }
    }

    function _random(uint256 lowest, uint256 highest) private returns (uint256) {
        _seed = uint256(keccak256(abi.encode(_seed)));
        return lowest + _seed % (highest - lowest + 1);
    }

    function _assertSame(Owed memory actual, Owed memory expected) private pure {
        vm.assertEq(actual.penaltyMinor, expected.penaltyMinor, "penaltyMinor");
        vm.assertEq(actual.interestMinor, expected.interestMinor, "interestMinor");
        vm.assertEq(actual.principalMinor, expected.principalMinor, "principalMinor");
        vm.assertEq(actual.currentMinor, expected.currentMinor, "currentMinor");
        vm.assertEq(actual.payoffInterestMinor, expected.payoffInterestMinor, "payoffInterestMinor");
        vm.assertEq(
            actual.outstandingPrincipalMinor,
            expected.outstandingPrincipalMinor,
            "outstandingPrincipalMinor"
        );
        vm.assertEq(actual.arrearsMinor, expected.arrearsMinor, "arrearsMinor");
        vm.assertEq(actual.daysPastDue, expected.daysPastDue, "daysPastDue");
    }
}
