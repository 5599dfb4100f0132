// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {ILedgerErrors, ILedgerEvents, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice A guardian stops new money from going out; money that comes back is never stopped.
contract PauseTest is ServicingTest {
    function testTellsWhoPaused() public {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PauseChanged(guardian, true);
        _pause();
        vm.assertTrue(ledger.isPaused());
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.PauseChanged(guardian, false);
        _unpause();
        vm.assertFalse(ledger.isPaused());
    }

    function testRevertsWhenNothingWouldChange() public {
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.PauseUnchanged.selector, false));
        _unpause();
        _pause();
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.PauseUnchanged.selector, true));
        _pause();
    }

    function testRevertsForAnyoneButAGuardian() public {
        address[6] memory others = [servicer, lender, borrower, stranger, outsider, admin];
        for (uint256 i; i < others.length; ++i) {
            bytes memory unauthorized = abi.encodeWithSelector(
                IAccessManaged.AccessManagedUnauthorized.selector, others[i]
            );
            vm.expectRevert(unauthorized);
            vm.prank(others[i]);
            ledger.pause();
            vm.expectRevert(unauthorized);
            vm.prank(others[i]);
            ledger.unpause();
        }
    }

    function testStopsOriginationRestructuringAndDisbursement() public {
        LoanTerms memory prior = _termsWithAll();
        _disburse(prior);
        LoanTerms memory approved = _termsWithAll();
        (approved.agreement, approved.signBy) = ("L-2026-0002", 20260110);
        _originate(approved);
        LoanTerms memory terms = _termsWithAll();
        (terms.agreement, terms.signBy) = ("L-2026-0003", 20260110);
        _pause();
        bytes memory paused = abi.encodeWithSelector(ILedgerErrors.IsPaused.selector);
        _expectNotTaken(terms, paused);
        _fundForLedger(lender, PRINCIPAL);
        vm.expectRevert(paused);
        vm.prank(lender);
        ledger.disburse(_witness(approved), _agreement(approved));
        terms.priorLoanId = _id(_termsWithAll());
        Signatures memory given = _signatures(terms);
        vm.expectRevert(paused);
        _restructure(_termsWithAll(), terms, given);

        _unpause();
        vm.prank(lender);
        ledger.disburse(_witness(approved), _agreement(approved));
        _assertStatus(_id(approved), Status.Active);
    }

    /// @dev A pause traps nobody: everything else goes on, up to the end.
    function testStopsNothingElse() public {
        LoanTerms memory terms = _termsWithAll();
        bytes32 loanId = _disburse(terms);
        _pause();
        _prepay(terms, 1_000);
        _repay(terms, borrower, 1_000);
        vm.startPrank(borrower);
        ledger.withdraw(_witness(terms), _agreement(terms), 1);
        ledger.pay(_witness(terms), _agreement(terms), steelmaker, 1, MATERIALS, EVIDENCE);
        vm.stopPrank();
        _assign(terms, 1);
        vm.warp(_noon(20260308));
        _fundForLedger(borrower, 10);
        _fundForLedger(guarantor, 10);
        vm.startPrank(servicer);
        ledger.collect(_witness(terms));
        ledger.callGuarantee(_witness(terms), 10);
        ledger.serveNotice(loanId, "overdue_30", "letter");
        ledger.accelerate(_witness(terms), "in default");
        vm.stopPrank();
        _payoff(terms, stranger);
        _assertStatus(loanId, Status.Closed);
        _fundForLedger(borrower, 10);
        vm.prank(borrower);
        ledger.reimburse(_witness(terms), 10);
    }

    function _pause() private {
        vm.prank(guardian);
        ledger.pause();
    }

    function _unpause() private {
        vm.prank(guardian);
        ledger.unpause();
    }
}
