// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

import {ILoanLedger, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice `multicall`: all or nothing, with the rights of the caller and no more.
contract BatchTest is LoanTest {
    function testNoticesOfADayGoOutInOneTx() public {
        bytes32 loanId = _originate(_terms());
        bytes[] memory calls = new bytes[](3);
        for (uint256 i; i < calls.length; ++i) {
            calls[i] = abi.encodeCall(
                ledger.serveNotice, (loanId, "overdue_7", keccak256(abi.encode(i)))
            );
        }
        _batch(servicer, calls);
        for (uint256 i; i < calls.length; ++i) {
            vm.assertGt(ledger.noticeServedAt(loanId, keccak256(abi.encode(i))), 0);
        }
    }

    function testOneBadNoticeStopsAll() public {
        bytes32 loanId = _originate(_terms());
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ledger.serveNotice, (loanId, "overdue_7", keccak256("letter")));
        calls[1] = abi.encodeCall(ledger.serveNotice, ("nobody's", "overdue_7", keccak256("letter")));
        vm.expectRevert(
            abi.encodeWithSelector(ILoanLedger.LoanUnknown.selector, bytes32("nobody's"))
        );
        _batch(servicer, calls);
        vm.assertEq(ledger.noticeServedAt(loanId, keccak256("letter")), 0);
    }

    function testRepaysSeveralLoansInOneTx() public {
        (LoanTerms memory first, LoanTerms memory second) = _twoLoans();
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(ledger.repay, (first, 412_000));
        calls[1] = abi.encodeCall(ledger.repay, (second, 12_000));
        calls[2] = abi.encodeCall(ledger.repay, (first, 8_000));
        _fundForLedger(borrower, 432_000);
        bytes[] memory answers = _batch(borrower, calls);
        vm.assertEq(abi.decode(answers[0], (uint64)), 412_000);
        vm.assertEq(abi.decode(answers[1], (uint64)), 12_000);
        vm.assertEq(abi.decode(answers[2], (uint64)), 8_000);
        vm.assertEq(token.balanceOf(lender), 432_000);
        vm.assertEq(ledger.loanOf(ledger.idOf(first)).paidOnNextMinor, 8_000);
        vm.assertEq(ledger.loanOf(ledger.idOf(second)).paidOnNextMinor, 12_000);
    }

    function testOneBadRepaymentStopsAll() public {
        (LoanTerms memory first, LoanTerms memory second) = _twoLoans();
        _payoff(second, stranger);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ledger.repay, (first, 1));
        calls[1] = abi.encodeCall(ledger.repay, (second, 1));
        _fundForLedger(stranger, 2);
        bytes32 closed = ledger.idOf(second);
        vm.expectRevert(
            abi.encodeWithSelector(ILoanLedger.LoanStatusInvalid.selector, closed, Status.Closed)
        );
        _batch(stranger, calls);
        vm.assertEq(ledger.loanOf(ledger.idOf(first)).paidOnNextMinor, 0);
    }

    /// @dev The whole first day in one tx of the lender.
    function testOriginatesAndDisbursesInOneTx() public {
        LoanTerms memory terms = _terms();
        terms.signBy = 20260105;
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ledger.originate, (terms, lenderSignature, borrowerSignature));
        calls[1] = abi.encodeCall(ledger.disburse, (terms));
        _fundForLedger(lender, PRINCIPAL);
        vm.warp(_noon(20260105));
        _batch(lender, calls);
        _assertStatus(ledger.idOf(terms), Status.Active);
    }

    function testGivesNoRightsTheCallerDoesNotHave() public {
        (LoanTerms memory terms,) = _twoLoans();
        vm.warp(_noon(20260210));
        bytes memory unauthorized =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        bytes memory notPermitted =
            abi.encodeWithSelector(ILoanLedger.CallerNotPermitted.selector, stranger);
        bytes32 loanId = ledger.idOf(terms);
        _expectAloneAndNested(
            abi.encodeCall(ledger.writeOff, (terms, "uncollectible")), unauthorized
        );
        _expectAloneAndNested(
            abi.encodeCall(ledger.serveNotice, (loanId, "overdue_7", "letter")), unauthorized
        );
        _expectAloneAndNested(
            abi.encodeCall(ledger.pay, (terms, steelmaker, 1, MATERIALS, EVIDENCE)), notPermitted
        );
        _expectAloneAndNested(abi.encodeCall(ledger.withdraw, (terms, 1)), notPermitted);
    }

    function _expectAloneAndNested(bytes memory call, bytes memory revertData) private {
        bytes[] memory calls = new bytes[](1);
        calls[0] = call;
        vm.expectRevert(revertData);
        _batch(stranger, calls);

        calls[0] = abi.encodeCall(Multicall.multicall, (calls));
        vm.expectRevert(revertData);
        _batch(stranger, calls);
    }

    function _batch(address caller, bytes[] memory calls) private returns (bytes[] memory) {
        vm.prank(caller);
        return Multicall(address(ledger)).multicall(calls);
    }

    function _twoLoans() private returns (LoanTerms memory first, LoanTerms memory second) {
        first = _terms();
        second = _terms();
        second.agreement = "L-2026-0002";
        _disburse(first);
        vm.warp(_noon(20260102));
        _disburse(second);
    }
}
