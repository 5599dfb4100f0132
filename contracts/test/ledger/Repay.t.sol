// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    Loan,
    LoanTerms,
    Owed,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ISettlementToken} from "../../interfaces/ISettlementToken.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";
import {Vm} from "../Test.sol";

contract RepayTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
    }

    /* ALLOCATION */

    function testInterestComesBeforePrincipal() public {
        Loan memory expected = _loan(_loanId);
        vm.warp(_noon(20260120));
        _expectRepayment(borrower, 5_000, 0, 5_000, 0);
        _repayFunded(borrower, 5_000);
        expected.accruedOn = uint24(SlowCalendar.daysOf(20260120));
        expected.paidOnNextMinor = 5_000;
        _assertSame(_loan(_loanId), expected);

        _expectRepayment(borrower, 7_001, 0, 7_000, 1);
        _repayFunded(borrower, 7_001);
        expected.paidOnNextMinor = 12_001;
        _assertSame(_loan(_loanId), expected);
        vm.assertEq(token.balanceOf(lender), 12_001);
        vm.assertEq(token.balanceOf(borrower), 0);
    }

    function testAFullInstalmentMovesOnToTheNext() public {
        vm.warp(_noon(20260205));
        _expectRepayment(borrower, 412_000, 0, 12_000, 400_000);
        _repayFunded(borrower, 412_000);
        Loan memory loan = _loan(_loanId);
        vm.assertEq(loan.nextInstalment, 1);
        vm.assertEq(loan.paidOnNextMinor, 0);
        Owed memory expected;
        expected.currentMinor = 408_000;
        expected.outstandingPrincipalMinor = 800_000;
        _assertSame(_owed(_terms()), expected);
    }

    /// @dev On 5 March the first instalment has borne penalty on 412,000 for 25 days: 5,150.
    function testPenaltyComesFirstThenTheOldestInstalment() public {
        vm.warp(_noon(20260305));
        Owed memory expected;
        expected.penaltyMinor = 5_150;
        expected.interestMinor = 20_000;
        expected.principalMinor = 800_000;
        expected.currentMinor = 404_000;
        expected.outstandingPrincipalMinor = PRINCIPAL;
        expected.arrearsMinor = 412_000;
        expected.daysPastDue = 28;
        _assertSame(_owed(_terms()), expected);

        _expectRepayment(borrower, 5_000, 5_000, 0, 0);
        _repayFunded(borrower, 5_000);
        _expectRepayment(borrower, 1_000, 150, 850, 0);
        _repayFunded(borrower, 1_000);
        // 11,150 interest and 400,000 principal of the first, then 8,000 and 1 of the second.
        _expectRepayment(borrower, 419_151, 0, 19_150, 400_001);
        _repayFunded(borrower, 419_151);

        Loan memory loan = _loan(_loanId);
        vm.assertEq(loan.nextInstalment, 1);
        vm.assertEq(loan.paidOnNextMinor, 8_001);
        vm.assertEq(_owed(_terms()).outstandingPrincipalMinor, PRINCIPAL - 400_001);
        vm.assertEq(loan.penaltyRepaidMinor, 5_150);
        vm.assertEq(loan.penaltyUnitDays, 412_000 * 25);
    }

    function testOneRepaymentMaySpanSeveralInstalmentsAndCloseTheLoan() public {
        vm.warp(_noon(20260405));
        Owed memory owed = _owed(_terms());
        uint64 penalty = uint64(owed.penaltyMinor);
        uint64 amountMinor = penalty + 24_000 + PRINCIPAL;
        _expectRepayment(borrower, amountMinor, penalty, 24_000, PRINCIPAL);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_loanId);
        _repayFunded(borrower, amountMinor);
        _assertStatus(_loanId, Status.Closed);
    }

    /// @dev Down to the last unit, however small the repayments: no dust, nothing lost.
    function testTinyRepaymentsAddUp() public {
        vm.warp(_noon(20260301));
        uint64 penalty = uint64(_owed(_terms()).penaltyMinor);
        vm.assertEq(penalty, 206 * 21);
        uint256 before = token.balanceOf(lender);
        for (uint256 i; i < 60; ++i) vm.assertEq(_repay(_terms(), borrower, 1), 1);
        vm.assertEq(_owed(_terms()).penaltyMinor, penalty - 60);
        _repay(_terms(), borrower, penalty - 60 + 11_999);
        for (uint256 i; i < 3; ++i) _repay(_terms(), borrower, 1);
        Loan memory loan = _loan(_loanId);
        vm.assertEq(loan.paidOnNextMinor, 12_002);
        vm.assertEq(_owed(_terms()).outstandingPrincipalMinor, PRINCIPAL - 2);
        vm.assertEq(token.balanceOf(lender) - before, penalty + 12_002);
    }

    /* AT MOST WHAT CAN BE REPAID NOW */

    function testTakesNoMoreThanTheCurrentInstalment() public {
        _fundForLedger(borrower, 2_000_000);
        vm.prank(borrower);
        uint64 taken = ledger.repay(_witness(_terms()), 2_000_000);
        vm.assertEq(taken, 412_000);
        vm.assertEq(token.balanceOf(borrower), 2_000_000 - 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
    }

    function testTheNextInstalmentIsCurrentOnceTheCurrentIsRepaid() public {
        _fundForLedger(borrower, 2_000_000);
        vm.startPrank(borrower);
        vm.assertEq(ledger.repay(_witness(_terms()), type(uint64).max), 412_000);
        vm.assertEq(ledger.repay(_witness(_terms()), type(uint64).max), 408_000);
        vm.assertEq(ledger.repay(_witness(_terms()), type(uint64).max), 404_000);
        vm.stopPrank();
        _assertStatus(_loanId, Status.Closed);
    }

    /// @dev Nobody can make another's correct repayment fail by repaying a little before it; what is too
    /// much for the instalment meant goes to the next.
    function testARepaymentJustBeforeDoesNotStopAnother() public {
        vm.warp(_noon(20260205));
        _repay(_terms(), stranger, 1);
        vm.assertEq(_repay(_terms(), borrower, 412_000), 412_000);
        Loan memory loan = _loan(_loanId);
        vm.assertEq(loan.nextInstalment, 1);
        vm.assertEq(loan.paidOnNextMinor, 1);
    }

    function testARepaymentJustBeforeTheLastClipsIt() public {
        _repayAllButOne();
        _repay(_terms(), stranger, 1);
        vm.assertEq(_repay(_terms(), borrower, 404_000), 404_000 - 1);
        vm.assertEq(token.balanceOf(borrower), PRINCIPAL + 1);
    }

    function testRevertsOnNothingOffered() public {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
        vm.prank(borrower);
        ledger.repay(_witness(_terms()), 0);
    }

    /* WHO */

    function testAnyPartyRepays() public {
        vm.warp(_noon(20260205));
        _expectRepayment(stranger, 412_000, 0, 12_000, 400_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(stranger, lender, 412_000);
        _repayFunded(stranger, 412_000);
        vm.assertEq(token.balanceOf(stranger), 0);
    }

    function testTheLenderMayRepayItself() public {
        vm.warp(_noon(20260205));
        vm.assertEq(_repay(_terms(), lender, 412_000), 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
        vm.assertEq(_loan(_loanId).nextInstalment, 1);
    }

    function testRevertsForAFrozenPayerThoughAnotherMayPay() public {
        _fundForLedger(borrower, 412_000);
        _freeze(borrower);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, borrower));
        vm.prank(borrower);
        ledger.repay(_witness(_terms()), 412_000);
        vm.assertEq(_repay(_terms(), stranger, 412_000), 412_000);
    }

    function testRevertsForAnOutsider() public {
        vm.startPrank(outsider);
        token.approve(address(ledger), 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementToken.PartyNotActive.selector, outsider));
        ledger.repay(_witness(_terms()), 1);
        vm.stopPrank();
    }

    function testRevertsWithoutAllowance() public {
        _fund(borrower, 412_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, 412_000
            )
        );
        vm.prank(borrower);
        ledger.repay(_witness(_terms()), 412_000);
        vm.assertEq(_loan(_loanId).paidOnNextMinor, 0);
    }

    function testRevertsWithoutMoney() public {
        vm.startPrank(borrower);
        token.approve(address(ledger), type(uint256).max);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, borrower, 0, 412_000
            )
        );
        ledger.repay(_witness(_terms()), 412_000);
        vm.stopPrank();
        vm.assertEq(ledger.claimableMinor(lender), 0);
    }

    /* A LENDER THAT CANNOT RECEIVE */

    function testAFrozenLenderDoesNotStopARepayment() public {
        _freeze(lender);
        vm.warp(_noon(20260205));
        _expectRepayment(borrower, 412_000, 0, 12_000, 400_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutHeld(_loanId, lender, 412_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(borrower, address(ledger), 412_000);
        _repayFunded(borrower, 412_000);

        vm.assertEq(ledger.claimableMinor(lender), 412_000);
        vm.assertEq(token.balanceOf(lender), 0);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL + 412_000);
        vm.assertEq(_loan(_loanId).nextInstalment, 1);
        vm.assertEq(_account(_loanId).controlledMinor, PRINCIPAL);
    }

    function testAFrozenLenderStillCannotTakeMoneyItDoesNotGet() public {
        _freeze(lender);
        _fund(borrower, 412_000);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(ledger), 0, 412_000
            )
        );
        vm.prank(borrower);
        ledger.repay(_witness(_terms()), 412_000);
        vm.assertEq(ledger.claimableMinor(lender), 0);
    }

    function testALenderThatLostItsRoleStillReceives() public {
        _setRoles(lender, PartyRoles.GUARANTOR);
        _repay(_terms(), borrower, 412_000);
        vm.assertEq(token.balanceOf(lender), 412_000);
    }

    /// @dev Too little gas fails as a whole; it cannot divert the money to the ledger.
    function testStarvingTheTransferDoesNotHoldTheMoney(uint256 gasSeed) public {
        vm.warp(_noon(20260205));
        _fundForLedger(borrower, 412_000);
        LoanTerms memory terms = _terms();
        uint256 gasGiven = bound(gasSeed, 5_000, 300_000);
        vm.prank(borrower);
        (bool isDone,) =
            address(ledger).call{gas: gasGiven}(abi.encodeCall(ledger.repay, (_witness(terms), 412_000)));
        vm.assertEq(ledger.claimableMinor(lender), 0);
        vm.assertEq(token.balanceOf(lender), isDone ? 412_000 : 0);
        vm.assertEq(_loan(_loanId).nextInstalment, isDone ? 1 : 0);
    }

    /* CLOSING */

    function testUnusedProceedsGoBackToTheBorrowerAtClosing() public {
        vm.prank(borrower);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, 300_000, MATERIALS, EVIDENCE);
        _repayAllButOne();
        _fundForLedger(stranger, 404_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_loanId);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ControlledReleased(_loanId, borrower, 900_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(stranger, lender, 404_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), borrower, 900_000);
        _repayFunded(stranger, 404_000);

        vm.assertEq(token.balanceOf(borrower), 900_000);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
        vm.assertEq(_account(_loanId).controlledMinor, 0);
        vm.assertEq(_loan(_loanId).nextInstalment, 3);
    }

    function testAFrozenBorrowerDoesNotStopClosing() public {
        _repayAllButOne();
        _freeze(borrower);
        _freeze(lender);
        _fundForLedger(stranger, 404_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutHeld(_loanId, lender, 404_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutHeld(_loanId, borrower, PRINCIPAL);
        vm.prank(stranger);
        ledger.repay(_witness(_terms()), 404_000);

        _assertStatus(_loanId, Status.Closed);
        vm.assertEq(ledger.claimableMinor(borrower), PRINCIPAL);
        vm.assertEq(ledger.claimableMinor(lender), 404_000);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL + 404_000);
    }

    function testReleasesNothingWhenAllWasUsed() public {
        vm.startPrank(borrower);
        ledger.withdraw(_witness(_terms()), _agreement(_terms()), SELF_PAID_MAX);
        ledger.pay(_witness(_terms()), _agreement(_terms()), steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE);
        ledger.pay(_witness(_terms()), _agreement(_terms()), outfitter, 200_000, MACHINES, EVIDENCE);
        vm.stopPrank();
        _repayAllButOne();
        vm.recordLogs();
        _repay(_terms(), borrower, 404_000);
        uint256 released;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ILedgerEvents.ControlledReleased.selector) ++released;
        }
        vm.assertEq(released, 0);
        _assertStatus(_loanId, Status.Closed);
    }

    /* STATUS */

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.penaltyRatePpm = 0;
        bytes32 loanId = _id(terms);
        vm.expectRevert(_unknown(loanId));
        vm.prank(borrower);
        ledger.repay(_witness(terms), 1);
    }

    function testRevertsBeforeDisbursementAndAfterClosing() public {
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 approvedId = _originate(approved);
        vm.expectRevert(_statusInvalid(approvedId, Status.Approved));
        vm.prank(borrower);
        ledger.repay(_witness(approved), 1);

        vm.warp(_noon(20260105));
        _repayAllButOne();
        _repay(_terms(), borrower, 404_000);
        vm.expectRevert(_statusInvalid(_loanId, Status.Closed));
        vm.prank(borrower);
        ledger.repay(_witness(_terms()), 1);
    }

    function testAWrittenOffLoanIsStillRepaidAndCloses() public {
        vm.warp(_noon(20260209));
        _useAll(_terms());
        _writeOff(_terms());
        _repay(_terms(), borrower, 206 + 412_000);
        _assertStatus(_loanId, Status.WrittenOff);
        _repay(_terms(), borrower, 408_000);
        _repay(_terms(), borrower, 404_000);
        _assertStatus(_loanId, Status.Closed);
        vm.assertEq(token.balanceOf(lender), 206 + 24_000 + PRINCIPAL);
    }

    /* INTERNAL */

    function _repayFunded(address payer, uint64 amountMinor) private {
        vm.prank(payer);
        ledger.repay(_witness(_terms()), amountMinor);
    }

    function _repayAllButOne() private {
        _repay(_terms(), stranger, 412_000);
        _repay(_terms(), stranger, 408_000);
    }

    function _expectRepayment(
        address payer,
        uint64 amountMinor,
        uint64 penalty,
        uint64 interest,
        uint64 principal
    ) private {
        _fundForLedger(payer, amountMinor);
        _expectReceived(_loanId, payer, RepaymentKind.Repay, penalty, interest, principal);
    }
}
