// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Allocation, LoanTerms, RepaymentKind, Status} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Where penalty comes last: behind what is due, before the current instalment.
contract PenaltyLastTest is ServicingTest {
    function testPenaltyComesLastWhereAgreed() public {
        LoanTerms memory terms = _penaltyLast();
        bytes32 loanId = _id(terms);
        vm.warp(_noon(20260305));
        // Penalty 5,150; due 820,000; current 404,000.
        _expectPart(terms, 819_999, 0, 20_000, 799_999);
        // The unit left is still due, and comes first again.
        _expectPart(terms, 2, 1, 0, 1);
        _expectPart(terms, 5_000, 5_000, 0, 0);
        _expectPart(terms, 4_149, 149, 4_000, 0);
        vm.assertEq(_loan(loanId).penaltyRepaidMinor, 5_150);
        vm.assertEq(_loan(loanId).paidOnNextMinor, 4_000);
    }

    /// @dev Whatever the order, nothing closes before the penalty is repaid.
    function testALoanWithPenaltyLastClosesWithItsPenalty() public {
        LoanTerms memory terms = _penaltyLast();
        vm.warp(_noon(20260405));
        uint64 penalty = uint64(_owed(terms).penaltyMinor);
        _repay(terms, borrower, 24_000 + PRINCIPAL);
        _assertStatus(_id(terms), Status.Active);
        vm.assertEq(_owed(terms).penaltyMinor, penalty);
        vm.assertEq(_owed(terms).outstandingPrincipalMinor, 0);
        // With nothing overdue, it no longer grows.
        vm.warp(_noon(20260505));
        vm.assertEq(_owed(terms).penaltyMinor, penalty);
        _repay(terms, borrower, penalty);
        _assertStatus(_id(terms), Status.Closed);
    }

    function _penaltyLast() private returns (LoanTerms memory terms) {
        terms = _terms();
        (terms.agreement, terms.allocation) = ("L-2026-0002", Allocation.PenaltyLast);
        vm.warp(_noon(20260102));
        _disburse(terms);
    }

    function _expectPart(
        LoanTerms memory terms,
        uint64 amountMinor,
        uint64 penalty,
        uint64 interest,
        uint64 principal
    ) private {
        _fundForLedger(borrower, amountMinor);
        _expectReceived(_id(terms), borrower, RepaymentKind.Repay, penalty, interest, principal);
        vm.prank(borrower);
        ledger.repay(_witness(terms), amountMinor);
    }
}
