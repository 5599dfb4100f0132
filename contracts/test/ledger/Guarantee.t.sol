// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanTerms,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {Vm} from "../Test.sol";

/// @notice The guarantor: signs, is called on for what is due, and takes over the claim for what it
/// paid. It guarantees 3,000.00 and can be called on beyond ten days past due.
contract GuaranteeTest is ServicingTest {
    uint64 private constant GUARANTEE_MAX = 300_000;
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _disburse(_all());
        vm.warp(_noon(20260216));
    }

    /* THE THIRD SIGNER */

    function testRevertsWithoutTheGuarantorsSignature() public {
        LoanTerms memory terms = _another();
        Signatures memory given = _signatures(terms);
        bytes[4] memory wrong = [bytes(""), given.lender, given.borrower, _signedBy(strangerKey, terms)];
        for (uint256 i; i < wrong.length; ++i) {
            given.guarantor = wrong[i];
            vm.expectRevert(
                abi.encodeWithSelector(ILedgerErrors.SignatureInvalid.selector, guarantor)
            );
            _originate(terms, given);
        }
    }

    function testRevertsOnAGuarantorThatIsNone() public {
        LoanTerms memory terms = _another();
        _setRoles(guarantor, PartyRoles.LENDER);
        _expectNotTaken(terms, _notActiveAs(guarantor, PartyRoles.GUARANTOR));
        _setRoles(guarantor, PartyRoles.GUARANTOR);
        _freeze(guarantor);
        _expectNotTaken(terms, _notActiveAs(guarantor, PartyRoles.GUARANTOR));
        _unfreeze(guarantor);
        _assertStatus(_originate(terms), Status.Approved);
    }

    /* CALLED ON FOR WHAT IS DUE: on 16 February 412,000 and 8 × 206 */

    function testPaysWhatIsDueUpToTheGuarantee() public {
        _fundForLedger(guarantor, 400_000);
        _expectReceived(_loanId, guarantor, RepaymentKind.Guarantee, 1_648, 12_000, 286_352);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(guarantor, lender, GUARANTEE_MAX);
        vm.assertEq(_call(lender, type(uint64).max), GUARANTEE_MAX);
        vm.assertEq(_account(_loanId).guaranteedMinor, GUARANTEE_MAX);
        _expectNothing(lender);
    }

    function testTakesNoMoreThanIsDue() public {
        _repay(_all(), borrower, 403_648);
        _fundForLedger(guarantor, GUARANTEE_MAX);
        vm.assertEq(_call(servicer, type(uint64).max), 10_000);
        _expectNothing(guarantor);
    }

    function testTakesNoMoreThanAskedForOrThere() public {
        _fundForLedger(guarantor, 5_000);
        vm.assertEq(_call(lender, 1_000), 1_000);
        vm.assertEq(_call(lender, 10_000), 4_000);
        _expectNothing(lender);
        _fund(guarantor, 5_000);
        _expectNothing(lender);
    }

    function testRevertsOnNothingAskedFor() public {
        _fundForLedger(guarantor, 5_000);
        vm.expectRevert(_nothingToCallFor());
        _call(lender, 0);
    }

    function testMayCloseTheLoan() public {
        LoanTerms memory terms = _another();
        terms.guaranteeMinorMax = PRINCIPAL;
        vm.warp(_noon(20260102));
        bytes32 loanId = _disburse(terms);
        _repay(terms, borrower, 412_000);
        _repay(terms, borrower, 408_000);
        vm.warp(_noon(20260405));
        _fundForLedger(guarantor, 404_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(loanId);
        vm.prank(guarantor);
        ledger.callGuarantee(_witness(terms), 404_000);
        _assertStatus(loanId, Status.Closed);
    }

    function testIsCalledOnAfterWriteOff() public {
        _useAll(_all());
        _writeOff(_all());
        _fundForLedger(guarantor, 1);
        vm.assertEq(_call(lender, 1), 1);
    }

    /* WHEN AND BY WHOM */

    function testTheLenderCallsBeyondTheAgreedDays() public {
        _fundForLedger(guarantor, 10);
        vm.warp(_lastSecond(20260215));
        bytes memory notYet = abi.encodeWithSelector(
            ILedgerErrors.NotLateEnough.selector, uint32(10), uint16(10)
        );
        vm.expectRevert(notYet);
        _call(lender, 1);
        vm.expectRevert(notYet);
        _call(servicer, 1);
        vm.warp(_lastSecond(20260215) + 1);
        vm.assertEq(_call(lender, 1), 1);
        vm.assertEq(_call(servicer, 1), 1);
    }

    function testTheGuarantorPaysAnyTimeSomethingIsDue() public {
        LoanTerms memory terms = _another();
        vm.warp(_noon(20260102));
        _disburse(terms);
        _fundForLedger(guarantor, 100);
        vm.startPrank(guarantor);
        vm.warp(_midnight(20260205) - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.NothingToCallFor.selector, _id(terms))
        );
        ledger.callGuarantee(_witness(terms), 100);
        vm.warp(_midnight(20260205));
        vm.assertEq(ledger.callGuarantee(_witness(terms), 100), 100);
        vm.stopPrank();
    }

    function testRevertsForAnyoneElse() public {
        address[5] memory others = [borrower, stranger, outsider, admin, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            _call(others[i], 1);
        }
    }

    function testThePresentLenderCalls() public {
        _assign(_all(), 0);
        _fundForLedger(guarantor, 10);
        vm.expectRevert(_notPermitted(lender));
        _call(lender, 10);
        _call(factor, 10);
        vm.assertEq(token.balanceOf(factor), 10);
    }

    function testRevertsWithoutAGuarantee() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.expectRevert(_notAgreed("guarantee"));
        vm.prank(lender);
        ledger.callGuarantee(_witness(terms), 1);
    }

    /* REIMBURSED: what the guarantor paid, the borrower owes it */

    function testAnyoneReimburses() public {
        _pay(100_000);
        _repay(_all(), borrower, _dueMinor());
        _fundForLedger(stranger, 100_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.GuarantorReimbursed(_loanId, guarantor, stranger, 40_000);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(stranger, guarantor, 40_000);
        vm.assertEq(_reimburse(stranger, 40_000), 40_000);
        vm.assertEq(_account(_loanId).reimbursedMinor, 40_000);
        vm.assertEq(_reimburse(stranger, type(uint64).max), 60_000);
        vm.assertEq(token.balanceOf(guarantor), 100_000);
        vm.expectRevert(_nothingToReimburse());
        _reimburse(stranger, 1);
    }

    function testTheLenderRanksFirst() public {
        _pay(100_000);
        uint64 due = _dueMinor();
        _fundForLedger(stranger, 1);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.DueAmountsFirst.selector, due));
        _reimburse(stranger, 1);
        _repay(_all(), borrower, due);
        vm.assertEq(_reimburse(stranger, 1), 1);
    }

    function testReimbursesAfterClosing() public {
        _pay(100_000);
        _payoff(_all(), borrower);
        _fundForLedger(borrower, 100_000);
        vm.assertEq(_reimburse(borrower, 100_000), 100_000);
        vm.assertEq(token.balanceOf(guarantor), 100_000);
    }

    function testAFrozenGuarantorsMoneyIsHeld() public {
        _pay(100_000);
        _payoff(_all(), borrower);
        _freeze(guarantor);
        _fundForLedger(borrower, 100_000);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PayoutHeld(_loanId, guarantor, 100_000);
        _reimburse(borrower, 100_000);
        vm.assertEq(ledger.claimableMinor(guarantor), 100_000);
    }

    function testRevertsOnNothingToReimburse() public {
        _repay(_all(), borrower, _dueMinor());
        vm.expectRevert(_nothingToReimburse());
        _reimburse(borrower, 1);
        LoanTerms memory terms = _another();
        vm.expectRevert(_unknown(_id(terms)));
        ledger.reimburse(_witness(terms), 1);
    }

    function testRevertsOnNothingOffered() public {
        _pay(100_000);
        _repay(_all(), borrower, _dueMinor());
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
        _reimburse(borrower, 0);
    }

    /// @dev What was reimbursed cannot be called for again.
    function testTheGuaranteeIsUsedUpForGood() public {
        _pay(GUARANTEE_MAX);
        _repay(_all(), borrower, _dueMinor());
        _fundForLedger(borrower, GUARANTEE_MAX);
        _reimburse(borrower, GUARANTEE_MAX);
        vm.warp(_noon(20260401));
        _fundForLedger(guarantor, GUARANTEE_MAX);
        _expectNothing(lender);
    }

    /* COLLATERAL: released when the debt is gone and the guarantor whole */

    function testCollateralIsReleasedAtClosing() public {
        uint64 amountMinor = _payoffMinor(_all());
        _fundForLedger(borrower, amountMinor);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanClosed(_loanId);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.ControlledReleased(_loanId, borrower, PRINCIPAL);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.CollateralReleased(_loanId);
        vm.prank(borrower);
        ledger.payoff(_witness(_all()), amountMinor);
    }

    function testCollateralWaitsForTheGuarantor() public {
        _pay(100_000);
        vm.recordLogs();
        _payoff(_all(), borrower);
        _fundForLedger(borrower, 100_000);
        _reimburse(borrower, 99_999);
        vm.assertEq(_released(), 0);
        vm.recordLogs();
        _reimburse(borrower, 1);
        vm.assertEq(_released(), 1);
    }

    function testCollateralOfALivingLoanIsKept() public {
        _pay(100_000);
        _repay(_all(), borrower, _dueMinor());
        _fundForLedger(borrower, 100_000);
        vm.recordLogs();
        _reimburse(borrower, 100_000);
        vm.assertEq(_released(), 0);
        vm.recordLogs();
        _payoff(_all(), borrower);
        vm.assertEq(_released(), 1);
    }

    function testWithoutCollateralNothingIsReleased() public {
        LoanTerms memory terms = _terms();
        terms.agreement = "L-2026-0002";
        vm.warp(_noon(20260102));
        _disburse(terms);
        vm.recordLogs();
        _payoff(terms, borrower);
        vm.assertEq(_released(), 0);
    }

    /* INTERNAL */

    function _all() private view returns (LoanTerms memory) {
        return _termsWithAll();
    }

    function _another() private view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        (terms.agreement, terms.signBy) = ("L-2026-0002", 20260301);
    }

    function _pay(uint64 amountMinor) private {
        _fundForLedger(guarantor, amountMinor);
        _call(guarantor, amountMinor);
    }

    function _call(address caller, uint64 amountMinorMax) private returns (uint64) {
        vm.prank(caller);
        return ledger.callGuarantee(_witness(_all()), amountMinorMax);
    }

    function _reimburse(address payer, uint64 amountMinorMax) private returns (uint64) {
        vm.prank(payer);
        return ledger.reimburse(_witness(_all()), amountMinorMax);
    }

    function _dueMinor() private view returns (uint64) {
        return _repayableMinor(_all()) - uint64(_owed(_all()).currentMinor);
    }

    /// @dev How often collateral was released since the recording of logs began.
    function _released() private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ILedgerEvents.CollateralReleased.selector) ++count;
        }
    }

    function _signedBy(uint256 key, LoanTerms memory terms) private view returns (bytes memory) {
        return _sign(key, ledger.digestOf(_witness(terms), _agreement(terms)));
    }

    function _expectNothing(address caller) private {
        vm.expectRevert(_nothingToCallFor());
        _call(caller, type(uint64).max);
    }

    function _nothingToCallFor() private view returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.NothingToCallFor.selector, _loanId);
    }

    function _nothingToReimburse() private view returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.NothingToReimburse.selector, _loanId);
    }
}
