// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILedgerEvents,
    Instalment,
    LoanState,
    LoanTerms,
    Owed,
    RepaymentKind,
    Rounding,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

contract PayoffTest is ServicingTest {
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
        ledger.disburse(_witness(late), _agreement(late));
        vm.assertEq(_payoff(late, borrower), PRINCIPAL + 1_935);
        _assertStatus(loanId, Status.Closed);
    }

    function testHalvesAreRoundedAsAgreed() public {
        LoanTerms memory even = _terms();
        (even.agreement, even.graceDays) = ("L-2026-0002", 30);
        even.instalments[0] = Instalment(20260205, 400_000, 0);
        even.instalments[1].interestMinor = 2;
        LoanTerms memory up = abi.decode(abi.encode(even), (LoanTerms));
        up.rounding = Rounding.HalfUp;
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

    /* CLOSING */

    function testClosesAndReleasesWhatWasNotUsed() public {
        vm.prank(borrower);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, 300_000, MATERIALS, EVIDENCE);
        vm.warp(_noon(20260120));
        _fundForLedger(stranger, PRINCIPAL + 5_806);

        _expectReceived(_loanId, stranger, RepaymentKind.Payoff, 0, 5_806, PRINCIPAL);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_loanId);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ControlledReleased(_loanId, borrower, 900_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(stranger, lender, PRINCIPAL + 5_806);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), borrower, 900_000);
        vm.prank(stranger);
        ledger.payoff(_witness(_terms()), PRINCIPAL + 5_806);

        LoanState memory expected;
        expected.loan.status = Status.Closed;
        expected.loan.accruedOn = uint24(SlowCalendar.daysOf(20260120));
        expected.loan.nextInstalment = 3;
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
        _useAll(_terms());
        _writeOff(_terms());
        vm.assertEq(_payoff(_terms(), borrower), PRINCIPAL + 206 + 12_000 + 1_143);
        _assertStatus(_loanId, Status.Closed);
    }

    /* THE FEE: 1 % of the principal that is not due yet */

    function testChargesTheFeeOnPrincipalNotDue() public {
        LoanTerms memory terms = _withFee();
        _expectFee(terms, 20260120, 0, 5_806, 12_000);
        // Of the 12,000.00, 4,000.00 are due.
        _expectFee(terms, 20260205, 0, 12_000, 8_000);
        _expectFee(terms, 20260209, 206, 13_143, 8_000);
        _expectFee(terms, 20260405, (412_000 * 56 + 408_000 * 28) / 2_000, 24_000, 0);
    }

    function testTheFeeIsRoundedAsAgreed() public {
        LoanTerms memory terms = _withFee();
        terms.prepaymentFeePpm = 1;
        terms.principalMinor = 1_500_000;
        terms.instalments[0].principalMinor = 700_000;
        terms.selfPaidMinorMax = 500_000;
        terms.agreement = "L-2026-0003";
        vm.warp(_noon(20260102));
        _disburse(terms);
        // One and a half, half of it to the even unit.
        vm.assertEq(_owed(terms).payoffFeeMinor, 2);
        _repay(terms, borrower, 700_000 + 12_000);
        vm.assertEq(_owed(terms).payoffFeeMinor, 1);
        _repay(terms, borrower, 8_000 + 300_000);
        // Half a unit.
        vm.assertEq(_owed(terms).payoffFeeMinor, 0);
    }

    function testOrdinaryRepaymentsBearNoFee() public {
        LoanTerms memory terms = _withFee();
        vm.assertEq(_repay(terms, borrower, type(uint64).max / 4), 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
    }

    function _withFee() private returns (LoanTerms memory terms) {
        terms = _terms();
        (terms.agreement, terms.prepaymentFeePpm) = ("L-2026-0002", 10_000);
        vm.warp(_noon(20260102));
        _disburse(terms);
    }

    function _expectFee(
        LoanTerms memory terms,
        uint256 day,
        uint64 penalty,
        uint64 interest,
        uint64 fee
    ) private {
        uint256 snapshot = vm.snapshotState();
        vm.warp(_noon(day));
        _fundForLedger(borrower, 2 * PRINCIPAL);
        _expectReceived(
            _id(terms), borrower, RepaymentKind.Payoff, penalty, interest, PRINCIPAL, fee
        );
        vm.prank(borrower);
        uint64 amountMinor = penalty + interest + PRINCIPAL + fee;
        vm.assertEq(ledger.payoff(_witness(terms), amountMinor), amountMinor);
        vm.revertToState(snapshot);
    }

    /* MOST IT MAY COST */

    function testRevertsAboveTheMost() public {
        vm.warp(_noon(20260120));
        _fundForLedger(borrower, PRINCIPAL + 5_806);
        vm.expectRevert(
            _aboveMax(PRINCIPAL + 5_806, PRINCIPAL + 5_805)
        );
        vm.prank(borrower);
        ledger.payoff(_witness(_terms()), PRINCIPAL + 5_805);
        _assertStatus(_loanId, Status.Active);
        vm.prank(borrower);
        vm.assertEq(ledger.payoff(_witness(_terms()), PRINCIPAL + 5_806), PRINCIPAL + 5_806);
    }

    function testTakesNoMoreThanItCosts() public {
        _fundForLedger(borrower, PRINCIPAL + 77);
        vm.prank(borrower);
        ledger.payoff(_witness(_terms()), type(uint64).max);
        vm.assertEq(token.balanceOf(borrower), 77 + PRINCIPAL);
        vm.assertEq(token.balanceOf(lender), PRINCIPAL);
    }

    /// @dev A repayment just before only makes it cheaper.
    function testARepaymentJustBeforeDoesNotStopIt() public {
        uint64 amountMinor = _payoffMinor(_terms());
        _repay(_terms(), stranger, 20_000);
        _fundForLedger(borrower, amountMinor);
        vm.prank(borrower);
        vm.assertLe(ledger.payoff(_witness(_terms()), amountMinor), amountMinor);
    }

    /* STATUS */

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].interestMinor = 0;
        bytes32 loanId = _id(terms);
        vm.expectRevert(_unknown(loanId));
        ledger.payoff(_witness(terms), type(uint64).max);
    }

    function testRevertsBeforeDisbursementAndAfterClosing() public {
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 approvedId = _originate(approved);
        vm.expectRevert(_statusInvalid(approvedId, Status.Approved));
        ledger.payoff(_witness(approved), type(uint64).max);

        vm.warp(_noon(20260105));
        _payoff(_terms(), borrower);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        ledger.payoff(_witness(_terms()), type(uint64).max);
    }

    function _expectPayoff(uint256 day, uint64 penalty, uint64 interest, uint64 principal) private {
        vm.warp(_noon(day));
        uint64 amountMinor = penalty + interest + principal;
        vm.assertEq(_payoffMinor(_terms()), amountMinor);
        _fundForLedger(borrower, amountMinor);
        _expectReceived(_loanId, borrower, RepaymentKind.Payoff, penalty, interest, principal);
        vm.prank(borrower);
        vm.assertEq(ledger.payoff(_witness(_terms()), amountMinor), amountMinor);
        _assertStatus(_loanId, Status.Closed);
        vm.assertEq(_loan(_loanId).nextInstalment, 3);
        vm.assertEq(_loan(_loanId).penaltyRepaidMinor, penalty);
    }
}
