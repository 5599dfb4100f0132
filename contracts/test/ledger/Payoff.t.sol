// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILoanLedger,
    Instalment,
    Loan,
    LoanTerms,
    Owed,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {Vm} from "../Test.sol";

contract PayoffTest is LoanTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
    }

    /* INTEREST FOR ELAPSED DAYS: 12,000 over 31 days, 8,000 over 28, 4,000 over 31 */

    function testOnTheFirstDayItIsThePrincipal() public {
        _expectPayoff(20260105, 0, 0, PRINCIPAL);
    }

    function testInThePeriodsMiddleItIsTheElapsedDays() public {
        _expectPayoff(20260120, 0, 5_806, PRINCIPAL);
    }

    function testOnTheDayBeforeItIsAlmostAll() public {
        _expectPayoff(20260204, 0, 11_613, PRINCIPAL);
    }

    function testOnTheDueDayItIsTheInstalmentsInterest() public {
        _expectPayoff(20260205, 0, 12_000, PRINCIPAL);
    }

    function testTheNextPeriodCountsFromTheDueDay() public {
        vm.warp(_noon(20260205));
        _repay(_terms(), borrower, 412_000);
        _expectPayoff(20260212, 0, 2_000, 800_000);
    }

    function testArrearsComeOnTop() public {
        // Overdue 412,000 for nine days beyond grace; five days of the second period would be 1,429 (of
        // which 13 elapsed: 3,714).
        _expectPayoff(20260218 - 1, 9 * 206, 12_000 + 3_429, PRINCIPAL);
    }

    function testAfterMaturityItIsEverything() public {
        // Penalty days beyond grace on 410: first 61, second 33, third 2.
        uint64 penalty = (412_000 * 61 + 408_000 * 33 + 404_000 * 2) / 2_000;
        _expectPayoff(20260410, penalty, 24_000, PRINCIPAL);
    }

    function testInterestRepaidAheadIsTakenOff() public {
        vm.warp(_noon(20260110));
        _repay(_terms(), borrower, 3_000);
        _expectPayoff(20260120, 0, 2_806, PRINCIPAL);
    }

    /// @dev Interest repaid ahead is not refunded.
    function testInterestRepaidAheadIsNeverLessThanNothing() public {
        vm.warp(_noon(20260110));
        _repay(_terms(), borrower, 3_000);
        _expectPayoff(20260112, 0, 0, PRINCIPAL);
    }

    function testPrincipalRepaidAheadIsTakenOff() public {
        vm.warp(_noon(20260110));
        _repay(_terms(), borrower, 112_000);
        _expectPayoff(20260120, 0, 0, PRINCIPAL - 100_000);
    }

    function testInstalmentsRepaidAheadHaveNoElapsedDays() public {
        vm.warp(_noon(20260110));
        _repay(_terms(), borrower, 412_000);
        _repay(_terms(), borrower, 408_000);
        _expectPayoff(20260301, 0, 0, 400_000);
    }

    /// @dev The terms count interest from their first day of disbursement, not from the tx.
    function testDaysBeforeALateDisbursementCount() public {
        LoanTerms memory late = _terms();
        late.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 loanId = _originate(late);
        vm.warp(_noon(20260110));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(late);
        vm.assertEq(_payoff(late, borrower), PRINCIPAL + 1_935);
        _assertStatus(loanId, Status.Closed);
    }

    function testHalvesAreRoundedAsAgreed() public {
        LoanTerms memory even = _terms();
        (even.agreement, even.graceDays) = ("L-2026-0002", 30);
        even.instalments[0] = Instalment(20260205, 400_000, 0);
        even.instalments[1].interestMinor = 2;
        LoanTerms memory up = abi.decode(abi.encode(even), (LoanTerms));
        up.rounding = "half_up";
        vm.warp(_noon(20260102));
        _disburse(even);
        vm.warp(_noon(20260102));
        _disburse(up);
        // 2 units over 28 days: seven days are a half, twenty-one are one and a half.
        vm.warp(_noon(20260212));
        vm.assertEq(_owed(even).payoffInterestMinor, 0);
        vm.assertEq(_owed(up).payoffInterestMinor, 1);
        vm.warp(_noon(20260226));
        vm.assertEq(_owed(even).payoffInterestMinor, 2);
        vm.assertEq(_owed(up).payoffInterestMinor, 2);
    }

    /// @dev Once only interest of later periods is left, there is nothing to charge for.
    function testMayCostNothing() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0002";
        terms.instalments[0] = Instalment(20260205, PRINCIPAL, 0);
        terms.instalments[1] = Instalment(20260305, 0, 8_000);
        terms.instalments[2] = Instalment(20260405, 0, 4_000);
        vm.warp(_noon(20260102));
        bytes32 loanId = _disburse(terms);
        vm.warp(_noon(20260205));
        _repay(terms, borrower, PRINCIPAL);
        vm.recordLogs();
        vm.expectEmit(address(ledger));
        emit ILoanLedger.RepaymentReceived(loanId, outsider, 0, 0, 0, 0, true);
        vm.prank(outsider);
        vm.assertEq(ledger.payoff(terms, 0), 0);
        _assertStatus(loanId, Status.Closed);

        // Money moved once, to the borrower; nothing is not transferred.
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 transfers;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == address(token)) ++transfers;
        }
        vm.assertEq(transfers, 1);
        vm.assertEq(token.balanceOf(borrower), PRINCIPAL);
    }

    /* CLOSING */

    function testClosesAndReleasesWhatWasNotUsed() public {
        vm.prank(borrower);
        ledger.pay(_terms(), steelmaker, 300_000, MATERIALS, EVIDENCE);
        vm.warp(_noon(20260120));
        _fundForLedger(stranger, PRINCIPAL + 5_806);

        vm.expectEmit(address(ledger));
        emit ILoanLedger.RepaymentReceived(
            _loanId, stranger, PRINCIPAL + 5_806, 0, 5_806, PRINCIPAL, true
        );
        vm.expectEmit(address(ledger));
        emit ILoanLedger.LoanClosed(_loanId);
        vm.expectEmit(address(ledger));
        emit ILoanLedger.ControlledReleased(_loanId, borrower, 900_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(stranger, lender, PRINCIPAL + 5_806);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), borrower, 900_000);
        vm.prank(stranger);
        ledger.payoff(_terms(), PRINCIPAL + 5_806);

        Loan memory expected;
        expected.status = Status.Closed;
        expected.disbursedAt = uint40(_noon(20260105));
        expected.accruedOn = uint32(SlowCalendar.daysOf(20260120));
        expected.nextInstalment = 3;
        expected.principalRepaidMinor = PRINCIPAL;
        _assertSame(ledger.loanOf(_loanId), expected);
        Owed memory nothing;
        _assertSame(_owed(_terms()), nothing);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function testNeitherSideFrozenStopsIt() public {
        vm.warp(_noon(20260120));
        _freeze(lender);
        _freeze(borrower);
        _payoff(_terms(), stranger);
        _assertStatus(_loanId, Status.Closed);
        vm.assertEq(ledger.claimableMinor(lender), PRINCIPAL + 5_806);
        vm.assertEq(ledger.claimableMinor(borrower), PRINCIPAL);
        vm.assertEq(token.balanceOf(address(ledger)), 2 * PRINCIPAL + 5_806);
    }

    function testAWrittenOffLoanIsPaidOff() public {
        vm.warp(_noon(20260209));
        vm.prank(servicer);
        ledger.writeOff(_terms(), "uncollectible");
        vm.assertEq(_payoff(_terms(), borrower), PRINCIPAL + 206 + 12_000 + 1_143);
        _assertStatus(_loanId, Status.Closed);
    }

    /* MOST IT MAY COST */

    function testRevertsAboveTheMost() public {
        vm.warp(_noon(20260120));
        _fundForLedger(borrower, PRINCIPAL + 5_806);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILoanLedger.PayoffAboveMax.selector, PRINCIPAL + 5_806, PRINCIPAL + 5_805
            )
        );
        vm.prank(borrower);
        ledger.payoff(_terms(), PRINCIPAL + 5_805);
        _assertStatus(_loanId, Status.Active);
        vm.prank(borrower);
        vm.assertEq(ledger.payoff(_terms(), PRINCIPAL + 5_806), PRINCIPAL + 5_806);
    }

    function testTakesNoMoreThanItCosts() public {
        _fundForLedger(borrower, PRINCIPAL + 77);
        vm.prank(borrower);
        ledger.payoff(_terms(), type(uint64).max);
        vm.assertEq(token.balanceOf(borrower), 77 + PRINCIPAL);
        vm.assertEq(token.balanceOf(lender), PRINCIPAL);
    }

    /// @dev A repayment just before only makes it cheaper.
    function testARepaymentJustBeforeDoesNotStopIt() public {
        uint64 amountMinor = ledger.payoffAt(_terms(), vm.getBlockTimestamp());
        _repay(_terms(), stranger, 20_000);
        _fundForLedger(borrower, amountMinor);
        vm.prank(borrower);
        vm.assertLe(ledger.payoff(_terms(), amountMinor), amountMinor);
    }

    /* STATUS */

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].interestMinor = 0;
        bytes32 loanId = ledger.idOf(terms);
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.LoanUnknown.selector, loanId));
        ledger.payoff(terms, type(uint64).max);
    }

    function testRevertsBeforeDisbursementAndAfterClosing() public {
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 approvedId = _originate(approved);
        vm.expectRevert(_statusInvalid(approvedId, Status.Approved));
        ledger.payoff(approved, type(uint64).max);

        vm.warp(_noon(20260105));
        _payoff(_terms(), borrower);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        ledger.payoff(_terms(), type(uint64).max);
    }

    function _expectPayoff(uint256 day, uint64 penalty, uint64 interest, uint64 principal) private {
        vm.warp(_noon(day));
        uint64 amountMinor = penalty + interest + principal;
        vm.assertEq(ledger.payoffAt(_terms(), _noon(day)), amountMinor);
        _fundForLedger(borrower, amountMinor);
        vm.expectEmit(address(ledger));
        emit ILoanLedger.RepaymentReceived(
            _loanId, borrower, amountMinor, penalty, interest, principal, true
        );
        vm.prank(borrower);
        vm.assertEq(ledger.payoff(_terms(), amountMinor), amountMinor);
        _assertStatus(_loanId, Status.Closed);
        vm.assertEq(ledger.loanOf(_loanId).principalRepaidMinor, PRINCIPAL);
        vm.assertEq(ledger.loanOf(_loanId).penaltyRepaidMinor, penalty);
    }

    function _statusInvalid(bytes32 loanId, Status status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILoanLedger.LoanStatusInvalid.selector, loanId, status);
    }
}
