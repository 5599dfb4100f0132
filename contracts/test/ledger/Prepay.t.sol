// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILedgerErrors,
    Instalment,
    LoanFlags,
    LoanTerms,
    Owed,
    Prepayment,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Principal repaid ahead of schedule: what it costs, and what it makes of the schedule. Both
/// loans are of 12,000.00 in three equal parts, with interest of 120.00, 80.00 and 40.00, at a fee of 1 %.
contract PrepayTest is ServicingTest {
    function setUp() public override {
        super.setUp();
        _disburse(_shorter());
        vm.warp(_noon(20260102));
        _disburse(_smaller());
        vm.warp(_noon(20260120));
    }

    /* WHAT IT COSTS: principal, its interest for fifteen of 31 days, the fee */

    function testChargesInterestForElapsedDaysAndTheFee() public {
        _fundForLedger(borrower, 304_452);
        bytes32 loanId = _id(_shorter());
        _expectReceived(loanId, borrower, RepaymentKind.Prepay, 0, 1_452, 300_000, 3_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(borrower, lender, 304_452);
        vm.prank(borrower);
        vm.assertEq(ledger.prepay(_witness(_shorter()), 300_000, 304_452), 304_452);
        vm.assertEq(_loan(loanId).flags, LoanFlags.REDUCED);
    }

    function testOnTheFirstDayThereIsNoInterest() public {
        LoanTerms memory terms = _shorter();
        terms.agreement = "L-2026-0003";
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.assertEq(_prepay(terms, 300_000), 303_000);
    }

    function testAnInstalmentRepaidAheadHasNoElapsedDays() public {
        _repay(_shorter(), borrower, 412_000);
        vm.assertEq(_prepay(_shorter(), 200_000), 202_000);
        _assertRow(_shorter(), 1, 600_000, 6_000, 400_000);
        _assertRow(_shorter(), 2, 200_000, 2_000, 200_000);
    }

    /// @dev Interest repaid ahead that is no longer owed counts towards the interest charged now.
    function testInterestRepaidAheadIsCounted() public {
        uint64[3] memory ahead = [uint64(6_000), 10_000, 12_000];
        uint64[3] memory charged = [uint64(1_452), 452, 0];
        uint64[3] memory left = [uint64(6_000), 9_000, 9_000];
        for (uint256 i; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            _repay(_shorter(), borrower, ahead[i]);
            vm.assertEq(_prepay(_shorter(), 300_000), 303_000 + charged[i]);
            vm.assertEq(_loan(_id(_shorter())).paidOnNextMinor, left[i]);
            vm.assertEq(_owed(_shorter()).currentMinor, 409_000 - left[i]);
            vm.revertToState(snapshot);
        }
    }

    function testPrincipalRepaidOnTheCurrentInstalmentIsKept() public {
        _repay(_shorter(), borrower, 112_000);
        _prepay(_shorter(), 300_000);
        Owed memory owed = _owed(_shorter());
        vm.assertEq(owed.outstandingPrincipalMinor, 800_000);
        vm.assertEq(owed.currentMinor, 300_000);
    }

    function testWithoutAFeeThereIsNone() public {
        LoanTerms memory terms = _shorter();
        (terms.agreement, terms.prepaymentFeePpm) = ("L-2026-0003", 0);
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.assertEq(_prepay(terms, 300_000), 300_000);
    }

    /* WHAT IT MAKES OF THE SCHEDULE */

    function testAShorterTermLetsTheLastInstalmentsFallAway() public {
        _prepay(_shorter(), 300_000);
        _assertRow(_shorter(), 0, 900_000, 9_000, 400_000);
        _assertRow(_shorter(), 1, 500_000, 5_000, 400_000);
        _assertRow(_shorter(), 2, 100_000, 1_000, 100_000);
        _prepay(_shorter(), 100_000);
        _assertRow(_shorter(), 0, 800_000, 8_000, 400_000);
        _assertRow(_shorter(), 1, 400_000, 4_000, 400_000);
        vm.assertEq(ledger.loanOf(_id(_shorter())).reduction.shiftMinor, 400_000);
        _repay(_shorter(), borrower, 408_000);
        _repay(_shorter(), borrower, 404_000);
        _assertStatus(_id(_shorter()), Status.Closed);
        vm.assertEq(_loan(_id(_shorter())).nextInstalment, 3);
    }

    function testSmallerInstalmentsKeepTheTerm() public {
        _prepay(_smaller(), 300_000);
        _assertRow(_smaller(), 0, 900_000, 9_000, 400_000);
        _assertRow(_smaller(), 1, 500_000, 5_000, 250_000);
        _assertRow(_smaller(), 2, 250_000, 2_500, 250_000);
        // Once more, in the second period: seven of its 28 days.
        vm.warp(_noon(20260205));
        _repay(_smaller(), borrower, 409_000);
        vm.warp(_noon(20260212));
        _fundForLedger(borrower, 101_250);
        bytes32 loanId = _id(_smaller());
        _expectReceived(loanId, borrower, RepaymentKind.Prepay, 0, 250, 100_000, 1_000);
        vm.prank(borrower);
        ledger.prepay(_witness(_smaller()), 100_000, 101_250);
        _assertRow(_smaller(), 1, 400_000, 4_000, 250_000);
        _assertRow(_smaller(), 2, 150_000, 1_500, 150_000);
    }

    /// @dev Beyond the current instalment nothing is left: it is the last.
    function testToTheLastUnitBeyondTheCurrentInstalment() public {
        LoanTerms[2] memory both = [_shorter(), _smaller()];
        for (uint256 i; i < 2; ++i) {
            _prepay(both[i], 799_999);
            vm.assertEq(_owed(both[i]).outstandingPrincipalMinor, 400_001);
            _prepay(both[i], 1);
            vm.assertEq(_owed(both[i]).outstandingPrincipalMinor, 400_000);
            vm.assertEq(_owed(both[i]).currentMinor, 404_000);
            _repay(both[i], borrower, 404_000);
            _assertStatus(_id(both[i]), Status.Closed);
        }
    }

    function testAfterToTheLastUnitAPayoffCloses() public {
        _prepay(_shorter(), 799_999);
        // Interest 40.00 for fifteen of 31 days, and the fee on 4,000.01.
        vm.assertEq(_payoff(_shorter(), borrower), 400_001 + 1_935 + 4_000);
        _assertStatus(_id(_shorter()), Status.Closed);
    }

    function testAnInterestOnlyLoanKeepsOneUnit() public {
        LoanTerms memory terms = _interestOnly();
        vm.warp(_noon(20260102));
        bytes32 loanId = _disburse(terms);
        _expectTooLarge(terms, PRINCIPAL, PRINCIPAL - 1);
        _prepay(terms, PRINCIPAL - 1);
        // Interest on one unit rounds to nothing, so that the current instalment is of nothing.
        Owed memory expected;
        expected.outstandingPrincipalMinor = 1;
        _assertSame(_owed(terms), expected);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.NothingOwed.selector, loanId));
        ledger.repay(_witness(terms), 1);
        // Instalments of nothing are never past due.
        vm.warp(_noon(20260401));
        expected.currentMinor = 1;
        _assertSame(_owed(terms), expected);
        vm.assertEq(_repay(terms, borrower, 5), 1);
        _assertStatus(loanId, Status.Closed);
    }

    function testPenaltyIsOnWhatIsDueByTheNewSchedule() public {
        _prepay(_shorter(), 300_000);
        vm.warp(_noon(20260209));
        Owed memory owed = _owed(_shorter());
        vm.assertEq(owed.arrearsMinor, 409_000);
        // 409,000 for a day at 18 %: 204.5, to the even unit.
        vm.assertEq(owed.penaltyMinor, 204);
    }

    /* ONLY WHEN NOTHING IS DUE */

    function testRevertsWhileSomethingIsDue() public {
        vm.warp(_noon(20260205));
        _expectRevert(_shorter(), 1, _dueFirst(412_000));
        _repay(_shorter(), borrower, 411_999);
        _expectRevert(_shorter(), 1, _dueFirst(1));
        _repay(_shorter(), borrower, 1);
        vm.assertEq(_prepay(_shorter(), 100), 101);
    }

    function testRevertsWhilePenaltyIsOwed() public {
        LoanTerms memory terms = _shorter();
        vm.warp(_noon(20260209));
        _repay(terms, borrower, 412_206 - 1);
        // Penalty came first: one unit of principal is left. With it gone, nothing is.
        _expectRevert(terms, 1, _dueFirst(1));
        _repay(terms, borrower, 1);
        vm.assertEq(_prepay(terms, 700), 700 + 1 + 7);
    }

    function testRevertsAfterAcceleration() public {
        vm.warp(_noon(20260310));
        _accelerate(_shorter());
        vm.expectRevert();
        vm.prank(borrower);
        ledger.prepay(_witness(_shorter()), 1, 100);
    }

    /* HOW MUCH */

    function testRevertsOnMoreThanIsBeyondTheCurrentInstalment() public {
        _expectTooLarge(_shorter(), 800_001, 800_000);
        _expectTooLarge(_smaller(), type(uint64).max, 800_000);
        _prepay(_shorter(), 300_000);
        _expectTooLarge(_shorter(), 500_001, 500_000);
    }

    function testRevertsOnTheLastInstalment() public {
        _repay(_shorter(), borrower, 412_000);
        _repay(_shorter(), borrower, 408_000);
        _expectTooLarge(_shorter(), 1, 0);
    }

    function testRevertsOnNothing() public {
        _expectRevert(_shorter(), 0, abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
    }

    function testRevertsAboveTheMost() public {
        _fundForLedger(borrower, 304_452);
        vm.expectRevert(_aboveMax(304_452, 304_451));
        vm.prank(borrower);
        ledger.prepay(_witness(_shorter()), 300_000, 304_451);
        vm.assertEq(_loan(_id(_shorter())).flags, 0);
    }

    /* WHO AND WHEN */

    function testRevertsForAnyoneButTheBorrower() public {
        address[6] memory others = [lender, servicer, guarantor, stranger, outsider, admin];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            vm.prank(others[i]);
            ledger.prepay(_witness(_shorter()), 1, 100);
        }
    }

    function testRevertsWhereNotAgreed() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0003";
        vm.warp(_noon(20260102));
        _disburse(terms);
        _expectRevert(terms, 1, _notAgreed("prepay"));
    }

    function testRevertsUnlessActive() public {
        LoanTerms memory terms = _shorter();
        terms.agreement = "L-2026-0003";
        _expectRevert(terms, 1, _unknown(_id(terms)));
        vm.warp(_noon(20260209));
        _useAll(_shorter());
        _writeOff(_shorter());
        _expectRevert(_shorter(), 1, _statusInvalid(_id(_shorter()), Status.WrittenOff));
        _payoff(_shorter(), stranger);
        _expectRevert(_shorter(), 1, _statusInvalid(_id(_shorter()), Status.Closed));
    }

    function testAFrozenLendersPartIsHeld() public {
        _freeze(lender);
        vm.assertEq(_prepay(_shorter(), 300_000), 304_452);
        vm.assertEq(ledger.claimableMinor(lender), 304_452);
    }

    /* HOWEVER IT IS DONE */

    /// @dev Nothing is lost: disbursed principal is what events repaid and what is outstanding.
    function testPrincipalAddsUp(uint256 seed, bool isSmaller) public {
        LoanTerms memory terms = isSmaller ? _smaller() : _shorter();
        uint256 prepaid;
        for (uint256 i; i < 4; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint64 amountMinor = uint64(bound(seed, 1, 200_000));
            _prepay(terms, amountMinor);
            prepaid += amountMinor;
            vm.warp(vm.getBlockTimestamp() + (seed >> 128) % 4 * 1 days);
        }
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, PRINCIPAL - prepaid);
        uint64 principal;
        while (_loan(_id(terms)).status == Status.Active) {
            principal += uint64(_owed(terms).outstandingPrincipalMinor);
            _repay(terms, borrower, _repayableMinor(terms));
            principal -= uint64(_owed(terms).outstandingPrincipalMinor);
        }
        vm.assertEq(principal, PRINCIPAL - prepaid);
    }

    function _shorter() private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
    }

    function _smaller() private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        (terms.agreement, terms.prepayment) = ("L-2026-0002", Prepayment.SmallerInstalments);
    }

    function _interestOnly() private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        (terms.agreement, terms.prepaymentFeePpm) = ("L-2026-0003", 0);
        terms.instalments[0] = Instalment(20260205, 0, 12_000);
        terms.instalments[1] = Instalment(20260305, 0, 12_000);
        terms.instalments[2] = Instalment(20260405, PRINCIPAL, 12_000);
    }

    /// @dev Row `index` is the next: what is owed shows it, or will once those before it are repaid.
    function _assertRow(
        LoanTerms memory terms,
        uint256 index,
        uint256 balance,
        uint256 interest,
        uint256 principal
    ) private {
        uint256 snapshot = vm.snapshotState();
        while (_loan(_id(terms)).nextInstalment < index) {
            _repay(terms, borrower, _repayableMinor(terms));
        }
        Owed memory owed = _owed(terms);
        vm.assertEq(owed.outstandingPrincipalMinor, balance, "balance");
        vm.assertEq(owed.currentMinor, interest + principal, "instalment");
        vm.revertToState(snapshot);
    }

    function _expectTooLarge(LoanTerms memory terms, uint64 amountMinor, uint64 maxMinor) private {
        _expectRevert(
            terms,
            amountMinor,
            abi.encodeWithSelector(
                ILedgerErrors.PrepaymentTooLarge.selector, amountMinor, maxMinor
            )
        );
    }

    function _expectRevert(LoanTerms memory terms, uint64 amountMinor, bytes memory revertData) private {
        vm.expectRevert(revertData);
        vm.prank(borrower);
        ledger.prepay(_witness(terms), amountMinor, type(uint64).max);
    }

    function _dueFirst(uint64 dueMinor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.DueAmountsFirst.selector, dueMinor);
    }
}
