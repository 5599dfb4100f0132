// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    Loan,
    LoanTerms,
    Owed,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

contract WriteOffTest is ServicingTest {
    bytes32 private constant REASON = "uncollectible";
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_terms());
        _useAll(_terms());
        vm.warp(_noon(20260310));
    }

    function testTellsWhatWasOwed() public {
        // First: 30 days beyond grace on 412,000; second: two on 408,000.
        uint64 penalty = 30 * 206 + 2 * 204;
        Owed memory before = _owed(_terms());
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanWrittenOff(_loanId, PRINCIPAL, 20_000, penalty, REASON);
        _writeOff(_terms());

        Loan memory expected;
        expected.status = Status.WrittenOff;
        expected.accruedOn = uint24(SlowCalendar.daysOf(20260310));
        expected.penaltyUnitDays = 412_000 * 30 + 408_000 * 2;
        _assertSame(_loan(_loanId), expected);
        _assertSame(_owed(_terms()), before);
    }

    /// @dev The debt survives: penalty goes on as if nothing had happened.
    function testTheClaimSurvives() public {
        Owed memory foretold = _owedAt(_terms(), _noon(20270101));
        _writeOff(_terms());
        vm.warp(_noon(20270101));
        _assertSame(_owed(_terms()), foretold);
    }

    function testMovesNoMoneyWhenAllWasUsed() public {
        _writeOff(_terms());
        vm.assertEq(token.balanceOf(address(ledger)), 0);
        vm.assertEq(token.balanceOf(lender), 0);
    }

    /* UNUSED PROCEEDS REPAY THE DEBT */

    function testUnusedProceedsRepayWhatCanBeRepaid() public {
        LoanTerms memory terms = _unusedLoan();
        bytes32 loanId = _id(terms);
        uint64 penalty = 30 * 206 + 2 * 204;
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanWrittenOff(loanId, PRINCIPAL, 20_000, penalty, REASON);
        // What is due, and the current instalment as far as it goes.
        uint64 principal = PRINCIPAL - 24_000 - penalty;
        _expectReceived(
            loanId, address(ledger), RepaymentKind.Controlled, penalty, 24_000, principal
        );
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(ledger), lender, PRINCIPAL);
        _writeOff(terms);

        vm.assertEq(token.balanceOf(lender), PRINCIPAL);
        vm.assertEq(_account(loanId).controlledMinor, 0);
        _assertStatus(loanId, Status.WrittenOff);
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, 24_000 + penalty);
    }

    /// @dev No more is taken than can be repaid now; the rest stays under control and goes back at closing.
    function testUnusedProceedsBeyondTheCurrentInstalmentStayControlled() public {
        LoanTerms memory terms = _unusedLoan();
        bytes32 loanId = _id(terms);
        vm.warp(_noon(20260209));
        _writeOff(terms);
        uint64 applied = 206 + 412_000 + 408_000;
        vm.assertEq(token.balanceOf(lender), applied);
        vm.assertEq(_account(loanId).controlledMinor, PRINCIPAL - applied);
        _payoff(terms, stranger);
        vm.assertEq(token.balanceOf(borrower), SELF_PAID_MAX + PRINCIPAL - applied);
    }

    function testUnusedProceedsMayCloseTheLoanAtOnce() public {
        LoanTerms memory terms = _unusedLoan();
        uint64 penalty = uint64(_owed(terms).penaltyMinor);
        _repay(terms, stranger, 20_000 + penalty + 4_000);
        vm.warp(_noon(20260310));
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_id(terms));
        _writeOff(terms);
        _assertStatus(_id(terms), Status.Closed);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function testAFrozenLendersPartIsHeld() public {
        LoanTerms memory terms = _unusedLoan();
        _freeze(lender);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutHeld(_id(terms), lender, PRINCIPAL);
        _writeOff(terms);
        vm.assertEq(ledger.claimableMinor(lender), PRINCIPAL);
        vm.assertEq(token.balanceOf(address(ledger)), PRINCIPAL);
    }

    /* ONLY IN ARREARS */

    function testRevertsUntilTheLastSecondOfGrace() public {
        uint256[4] memory times =
            [_noon(20260106), _midnight(20260205), _noon(20260206), _lastSecond(20260208)];
        for (uint256 i; i < times.length; ++i) {
            vm.warp(times[i]);
            _expectRevert(abi.encodeWithSelector(ILedgerErrors.NotInArrears.selector, _loanId));
        }
        vm.warp(_lastSecond(20260208) + 1);
        _writeOff(_terms());
        _assertStatus(_loanId, Status.WrittenOff);
    }

    function testRevertsOnceTheArrearsAreRepaid() public {
        uint64 penalty = uint64(_owed(_terms()).penaltyMinor);
        _repay(_terms(), stranger, penalty + 412_000 + 407_999);
        vm.assertEq(_owed(_terms()).arrearsMinor, 1);
        _repay(_terms(), stranger, 1);
        _expectRevert(abi.encodeWithSelector(ILedgerErrors.NotInArrears.selector, _loanId));
    }

    /// @dev Unpaid penalty alone is no arrears.
    function testRevertsOnPenaltyAlone() public {
        _repay(_terms(), stranger, uint64(_owed(_terms()).penaltyMinor) + 820_000);
        vm.assertEq(_owed(_terms()).arrearsMinor, 0);
        _expectRevert(abi.encodeWithSelector(ILedgerErrors.NotInArrears.selector, _loanId));
    }

    /* STATUS AND CALLER */

    function testRevertsUnlessActive() public {
        _writeOff(_terms());
        _expectRevert(_statusInvalid(_loanId, Status.WrittenOff));
        _payoff(_terms(), stranger);
        _expectRevert(_statusInvalid(_loanId, Status.Closed));
    }

    function testRevertsBeforeDisbursement() public {
        LoanTerms memory approved = _terms();
        approved.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        bytes32 approvedId = _originate(approved);
        vm.warp(_noon(20260310));
        vm.expectRevert(
            abi.encodeWithSelector(
                ILedgerErrors.LoanStatusInvalid.selector, approvedId, Status.Approved
            )
        );
        vm.prank(servicer);
        ledger.writeOff(_witness(approved), REASON);
    }

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _terms();
        terms.graceDays = 0;
        bytes32 loanId = _id(terms);
        vm.expectRevert(_unknown(loanId));
        vm.prank(servicer);
        ledger.writeOff(_witness(terms), REASON);
    }

    function testRevertsForAnyoneButAServicer() public {
        address[7] memory others =
            [lender, borrower, stranger, outsider, admin, registrar, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAccessManaged.AccessManagedUnauthorized.selector, others[i]
                )
            );
            vm.prank(others[i]);
            ledger.writeOff(_witness(_terms()), REASON);
        }
    }

    /// @dev The same loan, of which nothing was used, on 10 March.
    function _unusedLoan() private returns (LoanTerms memory terms) {
        terms = _terms();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.warp(_noon(20260310));
    }

    function _expectRevert(bytes memory revertData) private {
        vm.expectRevert(revertData);
        _writeOff(_terms());
    }

}
