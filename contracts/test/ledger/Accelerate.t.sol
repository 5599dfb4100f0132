// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    DueAtOnce,
    ILedgerErrors,
    ILedgerEvents,
    LoanFlags,
    LoanState,
    LoanTerms,
    Owed,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

/// @notice All made due, beyond thirty days past due. On 8 March the first instalment is 31 days past due
/// and the second three: 412,000 has borne penalty for 28 days, and 4.04 of 4,000 interest is earned.
contract AccelerateTest is ServicingTest {
    bytes32 private constant REASON = "in default";
    uint64 private constant PENALTY = 28 * 206;
    /// @dev 12,000 and 8,000 due, and three of 31 days of 4,000.
    uint64 private constant INTEREST = 20_000 + 387;

    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_all());
        _useAll(_all());
        vm.warp(_noon(20260308));
    }

    function testMakesAllDueWithInterestToTheDay() public {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanAccelerated(_loanId, INTEREST, PRINCIPAL, REASON);
        _accelerate(_all());

        Owed memory expected;
        expected.penaltyMinor = PENALTY;
        expected.interestMinor = INTEREST;
        expected.principalMinor = PRINCIPAL;
        expected.outstandingPrincipalMinor = PRINCIPAL;
        expected.arrearsMinor = INTEREST + PRINCIPAL;
        expected.daysPastDue = 31;
        _assertSame(_owed(_all()), expected);

        LoanState memory state = ledger.loanOf(_loanId);
        vm.assertEq(state.loan.flags, LoanFlags.DUE_AT_ONCE | LoanFlags.ACCELERATED);
        vm.assertEq(state.loan.nextInstalment, 3);
        vm.assertEq(state.dueAtOnce.oldestDueDay, SlowCalendar.daysOf(20260205));
        _assertStatus(_loanId, Status.Active);
    }

    function testWithNothingUnusedNothingIsRepaid() public {
        vm.recordLogs();
        _accelerate(_all());
        vm.assertEq(vm.getRecordedLogs().length, 1);
    }

    /// @dev All of it bears penalty from the day of acceleration, without further grace.
    function testAllBearsPenaltyFromNowOn() public {
        _accelerate(_all());
        vm.warp(_noon(20260318));
        uint256 unitDays = 412_000 * 28 + uint256(INTEREST + PRINCIPAL) * 10;
        vm.assertEq(_owed(_all()).penaltyMinor, (unitDays + 1_000) / 2_000);
        vm.assertEq(_owed(_all()).daysPastDue, 41);
        // The interest stands still: it is due, and no more is earned.
        vm.assertEq(_owed(_all()).interestMinor, INTEREST);
    }

    function testAPartlyRepaidInstalmentCounts() public {
        _repay(_all(), borrower, PENALTY + 5_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanAccelerated(_loanId, INTEREST - 5_000, PRINCIPAL, REASON);
        _accelerate(_all());
        vm.assertEq(_loan(_loanId).paidOnNextMinor, 0);
    }

    function testNoFeeIsChargedOnWhatWasMadeDue() public {
        vm.assertGt(_owed(_all()).payoffFeeMinor, 0);
        _accelerate(_all());
        vm.assertEq(_payoff(_all(), borrower), PENALTY + INTEREST + PRINCIPAL);
        _assertStatus(_loanId, Status.Closed);
    }

    /* REPAID AFTERWARDS */

    function testRepaymentsGoToPenaltyInterestPrincipal() public {
        _accelerate(_all());
        _fundForLedger(borrower, 30_000);
        _expectReceived(
            _loanId, borrower, RepaymentKind.Repay, PENALTY, INTEREST, 30_000 - PENALTY - INTEREST
        );
        vm.prank(borrower);
        ledger.repay(_witness(_all()), 30_000);
        DueAtOnce memory rest = ledger.loanOf(_loanId).dueAtOnce;
        vm.assertEq(rest.acceleratedInterestMinor, 0);
        vm.assertEq(rest.acceleratedPrincipalMinor, PRINCIPAL - 30_000 + PENALTY + INTEREST);
    }

    function testRepayingAllCloses() public {
        _accelerate(_all());
        uint64 amountMinor = PENALTY + INTEREST + PRINCIPAL;
        vm.assertEq(_repay(_all(), borrower, amountMinor - 1), amountMinor - 1);
        _assertStatus(_loanId, Status.Active);
        vm.assertEq(_repay(_all(), borrower, 100), 1);
        _assertStatus(_loanId, Status.Closed);
    }

    function testTheGuaranteeAndTheMandateServe() public {
        _accelerate(_all());
        _fundForLedger(borrower, 50_000);
        _fundForLedger(guarantor, 50_000);
        vm.startPrank(lender);
        vm.assertEq(ledger.collect(_witness(_all())), 50_000);
        vm.assertEq(ledger.callGuarantee(_witness(_all()), 50_000), 50_000);
        vm.stopPrank();
    }

    function testIsWrittenOffAfterwards() public {
        _accelerate(_all());
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanWrittenOff(
            _loanId, PRINCIPAL, INTEREST, PENALTY, "uncollectible"
        );
        _writeOff(_all());
        _assertStatus(_loanId, Status.WrittenOff);
    }

    /* UNUSED PROCEEDS REPAY THE DEBT */

    function testUnusedProceedsRepayTheDebt() public {
        (LoanTerms memory terms, bytes32 loanId) = _unusedLoan(800_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanAccelerated(loanId, INTEREST, PRINCIPAL, REASON);
        _expectReceived(
            loanId,
            address(ledger),
            RepaymentKind.Controlled,
            PENALTY,
            INTEREST,
            400_000 - PENALTY - INTEREST
        );
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), lender, 400_000);
        _accelerate(terms);
        vm.assertEq(_account(loanId).controlledMinor, 0);
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, PRINCIPAL - 400_000 + PENALTY + INTEREST);
    }

    function testUnusedProceedsMayCloseTheLoan() public {
        (LoanTerms memory terms, bytes32 loanId) = _unusedLoan(0);
        _repay(terms, stranger, 100_000);
        uint256 before = token.balanceOf(lender);
        vm.warp(_noon(20260409));
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(loanId);
        _accelerate(terms);
        _assertStatus(loanId, Status.Closed);
        uint256 taken = token.balanceOf(lender) - before;
        vm.assertEq(token.balanceOf(borrower), SELF_PAID_MAX + PRINCIPAL - taken);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function testTheUseOfProceedsEnds() public {
        // Unused proceeds beyond the debt cannot be: all is due. What is left is nothing.
        _accelerate(_all());
        bytes memory accelerated =
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyAccelerated.selector, _loanId);
        vm.startPrank(borrower);
        vm.expectRevert(accelerated);
        ledger.pay(_witness(_all()), _agreement(_all()), steelmaker, 1, MATERIALS, EVIDENCE);
        vm.expectRevert(accelerated);
        ledger.withdraw(_witness(_all()), _agreement(_all()), 1);
        vm.stopPrank();
    }

    /* WHEN AND BY WHOM */

    function testRevertsUntilTheLastSecondOfTheAgreedDays() public {
        vm.warp(_lastSecond(20260307));
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.NotLateEnough.selector, uint32(30), uint16(30))
        );
        _accelerate(_all());
        vm.warp(_lastSecond(20260307) + 1);
        _accelerate(_all());
    }

    function testRevertsOnceTheOldestIsRepaid() public {
        _repay(_all(), borrower, PENALTY + 412_000);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.NotLateEnough.selector, uint32(3), uint16(30))
        );
        _accelerate(_all());
    }

    function testAServicerAccelerates() public {
        vm.prank(servicer);
        ledger.accelerate(_witness(_all()), REASON);
        vm.assertEq(_loan(_loanId).nextInstalment, 3);
    }

    function testThePresentLenderAccelerates() public {
        _assign(_all(), 0);
        vm.expectRevert(_notPermitted(lender));
        _accelerate(_all());
        vm.prank(factor);
        ledger.accelerate(_witness(_all()), REASON);
        vm.assertEq(_loan(_loanId).nextInstalment, 3);
    }

    function testRevertsForAnyoneElse() public {
        address[6] memory others = [borrower, guarantor, stranger, outsider, admin, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            vm.prank(others[i]);
            ledger.accelerate(_witness(_all()), REASON);
        }
    }

    function testRevertsWhereNotAgreed() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.warp(_noon(20270101));
        vm.expectRevert(_notAgreed("accelerate"));
        _accelerate(terms);
    }

    function testRevertsTheSecondTime() public {
        _accelerate(_all());
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyAccelerated.selector, _loanId)
        );
        _accelerate(_all());
    }

    function testRevertsUnlessActive() public {
        LoanTerms memory terms = _all();
        terms.agreement = "L-2026-0002";
        vm.expectRevert(_unknown(_id(terms)));
        _accelerate(terms);
        _writeOff(_all());
        vm.expectRevert(_statusInvalid(_loanId, Status.WrittenOff));
        _accelerate(_all());
        _payoff(_all(), borrower);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        _accelerate(_all());
    }

    function _all() private view returns (LoanTerms memory) {
        return _termsWithAll();
    }

    /// @dev The same loan, of which `usedMinor` was used, on 8 March.
    function _unusedLoan(uint64 usedMinor)
        private
        returns (LoanTerms memory terms, bytes32 loanId)
    {
        terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        loanId = _disburse(terms);
        if (usedMinor != 0) {
            vm.prank(borrower);
            ledger.pay(_witness(terms), _agreement(terms), steelmaker, usedMinor, MATERIALS, EVIDENCE);
        }
        vm.warp(_noon(20260308));
    }
}
