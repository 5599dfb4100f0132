// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, ILedgerEvents, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice A loan given up before its disbursement.
contract CancelTest is ServicingTest {
    bytes32 private _loanId;

    function setUp() public override {
        super.setUp();
        _loanId = _originate(_termsWithAll());
    }

    function testEitherSideCancels() public {
        address[2] memory sides = [lender, borrower];
        for (uint256 i; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.expectEmit(address(ledger));
            emit ILedgerEvents.LoanCancelled(_loanId, sides[i]);
            _cancel(sides[i]);
            _assertStatus(_loanId, Status.Cancelled);
            vm.revertToState(snapshot);
        }
    }

    function testRevertsForAnyoneElse() public {
        address[6] memory others = [guarantor, servicer, stranger, outsider, admin, guardian];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            _cancel(others[i]);
        }
    }

    /// @dev For good: neither disbursed nor originated again.
    function testACancelledLoanIsNoLoan() public {
        _cancel(borrower);
        _expectNotTaken(
            _termsWithAll(),
            abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, _loanId)
        );
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.expectRevert(_statusInvalid(_loanId, Status.Cancelled));
        vm.prank(lender);
        ledger.disburse(_witness(_termsWithAll()), _agreement(_termsWithAll()));
        vm.expectRevert(_statusInvalid(_loanId, Status.Cancelled));
        ledger.repay(_witness(_termsWithAll()), 1);
        vm.expectRevert(_statusInvalid(_loanId, Status.Cancelled));
        _cancel(lender);
    }

    function testRevertsOnceDisbursed() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        bytes32 loanId = _disburse(terms);
        vm.expectRevert(_statusInvalid(loanId, Status.Active));
        vm.prank(borrower);
        ledger.cancel(_witness(terms));
    }

    function testRevertsOnUnknownTerms() public {
        LoanTerms memory terms = _termsWithAll();
        terms.agreement = "L-2026-0002";
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(lender);
        ledger.cancel(_witness(terms));
    }

    function _cancel(address caller) private {
        vm.prank(caller);
        ledger.cancel(_witness(_termsWithAll()));
    }
}
