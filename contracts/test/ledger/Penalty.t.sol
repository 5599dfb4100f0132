// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Instalment, LoanTerms, Owed, Rounding, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Due days, grace and penalty: counted from the schedule by whole local days, whoever looks.
contract PenaltyTest is ServicingTest {
    /* BOUNDARIES: due on 5 February, grace until the 8th, in arrears from the 9th */

    function testCurrentUntilTheLastSecondBeforeTheDueDay() public {
        _disburse(_terms());
        Owed memory expected;
        expected.currentMinor = 412_000;
        expected.outstandingPrincipalMinor = PRINCIPAL;
        // 12,000 for 30 of 31 days.
        expected.payoffInterestMinor = 11_613;
        vm.warp(_midnight(20260205) - 1);
        _assertSame(_owed(_terms()), expected);
    }

    function testDueFromTheFirstSecondOfTheDueDay() public {
        _disburse(_terms());
        Owed memory expected = _dueExpected(0);
        vm.warp(_midnight(20260205));
        _assertSame(_owed(_terms()), expected);
        vm.warp(_lastSecond(20260205));
        _assertSame(_owed(_terms()), expected);
    }

    function testNeitherArrearsNorPenaltyUntilTheLastSecondOfGrace() public {
        _disburse(_terms());
        for (uint256 daysPastDue = 1; daysPastDue <= 3; ++daysPastDue) {
            Owed memory expected = _dueExpected(daysPastDue);
            expected.payoffInterestMinor = _secondPeriodInterest(daysPastDue);
            vm.warp(_midnight(20260205 + daysPastDue));
            _assertSame(_owed(_terms()), expected);
            vm.warp(_lastSecond(20260205 + daysPastDue));
            _assertSame(_owed(_terms()), expected);
        }
    }

    /// @dev Grace is free for good: penalty begins with the first day after it, not at the due day.
    function testArrearsAndOneDaysPenaltyFromTheFirstSecondAfterGrace() public {
        _disburse(_terms());
        Owed memory expected = _dueExpected(4);
        expected.payoffInterestMinor = _secondPeriodInterest(4);
        expected.arrearsMinor = 412_000;
        expected.penaltyMinor = 206;
        vm.warp(_midnight(20260209));
        _assertSame(_owed(_terms()), expected);
        vm.warp(_lastSecond(20260209));
        _assertSame(_owed(_terms()), expected);
        vm.warp(_lastSecond(20260209) + 1);
        vm.assertEq(_owed(_terms()).penaltyMinor, 2 * 206);
    }

    function testWithoutGracePenaltyBeginsOnTheDayAfterTheDueDay() public {
        LoanTerms memory terms = _terms();
        terms.graceDays = 0;
        _disburse(terms);
        vm.warp(_lastSecond(20260205));
        vm.assertEq(_owed(terms).penaltyMinor, 0);
        vm.assertEq(_owed(terms).arrearsMinor, 0);
        vm.warp(_lastSecond(20260205) + 1);
        vm.assertEq(_owed(terms).penaltyMinor, 206);
        vm.assertEq(_owed(terms).arrearsMinor, 412_000);
        vm.assertEq(_owed(terms).daysPastDue, 1);
    }

    function testDaysBeginByTheTermsOwnClock(uint16 offsetSeed) public {
        LoanTerms memory terms = _terms();
        terms.graceDays = 0;
        terms.utcOffsetMinutes = int16(int256(bound(offsetSeed, 0, 26 * 60)) - 12 * 60);
        _originate(terms);
        _fundForLedger(lender, PRINCIPAL);
        vm.warp(_noon(20260107));
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));
        uint256 utcMidnight = _midnight(20260206) + 8 hours;
        uint256 midnight = uint256(int256(utcMidnight) - int256(terms.utcOffsetMinutes) * 60);
        vm.assertEq(_owedAt(terms, midnight - 1).daysPastDue, 0);
        vm.assertEq(_owedAt(terms, midnight).daysPastDue, 1);
    }

    /// @dev A late repayment of the first moves no due date of the next.
    function testDueDatesCountFromTheScheduleNotFromTheLastRepayment() public {
        _disburse(_terms());
        vm.warp(_noon(20260304));
        _repay(_terms(), borrower, uint64(_owed(_terms()).penaltyMinor) + 412_000);
        vm.assertEq(_owed(_terms()).daysPastDue, 0);
        vm.warp(_midnight(20260305));
        vm.assertEq(_owed(_terms()).principalMinor, 400_000);
        vm.warp(_midnight(20260309));
        vm.assertEq(_owed(_terms()).daysPastDue, 4);
        vm.assertEq(_owed(_terms()).arrearsMinor, 408_000);
        vm.assertEq(_owed(_terms()).penaltyMinor, 204);
    }

    /* BASE */

    function testOnlyWhatIsUnpaidBearsPenalty() public {
        _disburse(_terms());
        vm.warp(_noon(20260207));
        _repay(_terms(), borrower, 312_000);
        vm.warp(_noon(20260211));
        vm.assertEq(_owed(_terms()).penaltyMinor, 3 * 50);
    }

    function testPenaltyBearsNoPenalty() public {
        _disburse(_terms());
        vm.warp(_noon(20260209));
        _repay(_terms(), borrower, 100);
        vm.assertEq(_owed(_terms()).penaltyMinor, 106);
        vm.warp(_noon(20260210));
        vm.assertEq(_owed(_terms()).penaltyMinor, 106 + 206);
    }

    function testWithoutAPenaltyRateNothingIsAdded() public {
        LoanTerms memory terms = _terms();
        terms.penaltyRatePpm = 0;
        _disburse(terms);
        vm.warp(_noon(20270209));
        vm.assertEq(_owed(terms).penaltyMinor, 0);
        vm.assertEq(_owed(terms).arrearsMinor, 24_000 + PRINCIPAL);
    }

    function testTheYearIsTheOneAgreed() public {
        LoanTerms memory terms = _terms();
        terms.penaltyYearDays = 365;
        terms.penaltyRatePpm = 365_000;
        _disburse(terms);
        vm.warp(_noon(20260209));
        vm.assertEq(_owed(terms).penaltyMinor, 412);
    }

    /// @dev 1,000 unit-days are half a unit, 3,000 are one and a half.
    function testHalvesAreRoundedAsAgreed() public {
        LoanTerms memory even = _terms();
        LoanTerms memory up = _terms();
        up.rounding = Rounding.HalfUp;
        _disburse(even);
        vm.warp(_noon(20260102));
        _disburse(up);
        vm.warp(_noon(20260205));
        _repay(even, borrower, 411_000);
        _repay(up, borrower, 411_000);
        vm.warp(_noon(20260209));
        vm.assertEq(_owed(even).penaltyMinor, 0);
        vm.assertEq(_owed(up).penaltyMinor, 1);
        vm.warp(_noon(20260210));
        vm.assertEq(_owed(even).penaltyMinor, 1);
        vm.assertEq(_owed(up).penaltyMinor, 1);
        vm.warp(_noon(20260211));
        vm.assertEq(_owed(even).penaltyMinor, 2);
        vm.assertEq(_owed(up).penaltyMinor, 2);
    }

    function testTheHighestPenaltyOverCenturiesDoesNotOverflow() public {
        LoanTerms memory terms = _terms();
        uint64 principal = 2 ** 48 - 1;
        (terms.principalMinor, terms.selfPaidMinorMax) = (principal, principal);
        (terms.penaltyRatePpm, terms.graceDays) = (1_000_000, 0);
        terms.instalments = new Instalment[](1);
        terms.instalments[0] = Instalment(20260205, principal, 0);
        _disburse(terms);
        vm.warp(_noon(22260205));
        Owed memory owed = _owed(terms);
        vm.assertEq(owed.daysPastDue, 73_048);
        vm.assertEq(owed.penaltyMinor, (uint256(principal) * 73_048 + 180) / 360);
        vm.assertLt(owed.penaltyMinor, uint256(uint64(type(int64).max)));
        vm.assertEq(_repay(terms, borrower, 1), 1);
    }

    /* NO ESCAPE */

    function testTheLastRepaymentDoesNotEscapeThePenalty() public {
        bytes32 loanId = _disburse(_terms());
        vm.warp(_noon(20260405));
        uint64 penalty = uint64(_owed(_terms()).penaltyMinor);
        vm.assertGt(penalty, 0);
        _repay(_terms(), borrower, 24_000 + PRINCIPAL);
        _assertStatus(loanId, Status.Active);
        vm.assertEq(_owed(_terms()).principalMinor + _owed(_terms()).interestMinor, penalty);
        _repay(_terms(), borrower, penalty);
        _assertStatus(loanId, Status.Closed);
    }

    function testRepayingThePenaltyDoesNotStopIt() public {
        _disburse(_terms());
        vm.warp(_noon(20260219));
        _repay(_terms(), borrower, 11 * 206);
        vm.assertEq(_owed(_terms()).penaltyMinor, 0);
        vm.warp(_noon(20260220));
        vm.assertEq(_owed(_terms()).penaltyMinor, 206);
    }

    /* TOUCHES */

    /// @dev What is owed at a time was known at any time before, and a write-off on the way, which
    /// accrues and moves no money, changes none of it.
    function testAccruingOnTheWayChangesNothing(uint256 firstSeed, uint256 touchSeed, uint256 laterSeed)
        public
    {
        LoanTerms memory terms = _terms();
        bytes32 loanId = _disburse(terms);
        _useAll(terms);
        uint256 first = bound(firstSeed, _midnight(20260105), _midnight(20260601));
        uint256 touch = bound(touchSeed, _midnight(20260209), _midnight(20260701));
        if (touch < first) (touch, first) = (first, touch);
        if (touch < _midnight(20260209)) touch = _midnight(20260209);
        uint256 later = bound(laterSeed, touch, touch + 400 days);

        vm.warp(first < vm.getBlockTimestamp() ? vm.getBlockTimestamp() : first);
        _repay(terms, borrower, uint64(bound(laterSeed, 1, 300_000)));
        Owed memory foretold = _owedAt(terms, later);
        vm.warp(touch);
        _writeOff(terms);
        _assertStatus(loanId, Status.WrittenOff);
        _assertSame(_owedAt(terms, later), foretold);
        vm.warp(later);
        _assertSame(_owed(terms), foretold);
    }

    /// @dev The same money on the same days, in one repayment a day or in many.
    function testSplittingRepaymentsChangesNothing(uint256 seed) public {
        LoanTerms memory one = _terms();
        LoanTerms memory many = _terms();
        many.agreement = "L-2026-0002";
        _disburse(one);
        vm.warp(_noon(20260102));
        _disburse(many);
        for (uint256 i; i < 4; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            vm.warp(vm.getBlockTimestamp() + (seed % 50) * 1 days);
            // More than can be repaid at once would be clipped.
            uint64 amount = uint64(bound(seed >> 16, 3, 390_000));
            if (amount > _repayableMinor(one)) continue;
            uint64 part = uint64(bound(seed >> 80, 1, amount - 2));
            uint64 rest = uint64(bound(seed >> 144, 1, amount - part - 1));
            _repay(one, borrower, amount);
            _repay(many, borrower, part);
            vm.warp(vm.getBlockTimestamp() + 2 hours);
            _repay(many, stranger, rest);
            _repay(many, borrower, amount - part - rest);

            _assertSame(ledger.loanOf(_id(many)), ledger.loanOf(_id(one)));
            _assertSame(_owed(many), _owed(one));
        }
    }

    /* INTERNAL */

    function _dueExpected(uint256 daysPastDue) private pure returns (Owed memory expected) {
        expected.interestMinor = 12_000;
        expected.principalMinor = 400_000;
        expected.currentMinor = 408_000;
        expected.outstandingPrincipalMinor = PRINCIPAL;
        expected.daysPastDue = daysPastDue;
    }

    /// @dev 8,000 over 28 days: 285.71 a day.
    function _secondPeriodInterest(uint256 elapsed) private pure returns (uint64) {
        uint64[5] memory rounded = [uint64(0), 286, 571, 857, 1_143];
        return rounded[elapsed];
    }
}
