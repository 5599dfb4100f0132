// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanState,
    LoanTerms,
    RepaymentKind,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice Many calls in one tx: each stands alone, with the rights of the caller and no more.
contract BatchTest is ServicingTest {
    function setUp() public override {
        super.setUp();
        _disburse(_first());
        vm.warp(_noon(20260102));
        _disburse(_second());
    }

    /* OUTCOMES */

    function testEachItemHasAnOutcome() public {
        LoanTerms memory unknown = _terms();
        unknown.agreement = "L-2026-0003";
        bytes[] memory calls = new bytes[](4);
        calls[0] = _repayCall(_first(), 412_000);
        calls[1] = _repayCall(unknown, 1);
        calls[2] = _repayCall(_second(), 12_000);
        calls[3] = _repayCall(_second(), 0);
        _fundForLedger(borrower, 424_000);

        _expectReceived(_id(_first()), borrower, RepaymentKind.Repay, 0, 12_000, 400_000);
        _expectFailed(1, calls[1], _unknown(_id(unknown)));
        _expectReceived(_id(_second()), borrower, RepaymentKind.Repay, 0, 12_000, 0);
        _expectFailed(3, calls[3], abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
        bytes[] memory errors = _batch(borrower, calls);

        vm.assertEq(errors.length, 4);
        vm.assertEq(errors[0], "");
        vm.assertEq(errors[1], _unknown(_id(unknown)));
        vm.assertEq(errors[2], "");
        vm.assertEq(errors[3], abi.encodeWithSelector(ILedgerErrors.AmountZero.selector));
        vm.assertEq(token.balanceOf(lender), 424_000);
        vm.assertEq(_loan(_id(_first())).nextInstalment, 1);
        vm.assertEq(_loan(_id(_second())).paidOnNextMinor, 12_000);
    }

    /// @dev What a failed item did before it failed is undone.
    function testAFailedItemIsUndone() public {
        LoanState memory before = ledger.loanOf(_id(_second()));
        bytes[] memory calls = new bytes[](2);
        calls[0] = _repayCall(_first(), 10_000);
        calls[1] = _repayCall(_second(), 10_000);
        _fundForLedger(borrower, 15_000);
        bytes[] memory errors = _batch(borrower, calls);

        vm.assertEq(errors[0], "");
        vm.assertGt(errors[1].length, 0);
        _assertSame(ledger.loanOf(_id(_second())), before);
        vm.assertEq(ledger.claimableMinor(lender), 0);
        vm.assertEq(token.balanceOf(borrower), 5_000);
    }

    function testTheSameLoanMayComeTwice() public {
        bytes[] memory calls = new bytes[](2);
        calls[0] = _repayCall(_first(), 412_000);
        calls[1] = _repayCall(_first(), 8_000);
        _fundForLedger(borrower, 420_000);
        _batch(borrower, calls);
        vm.assertEq(_loan(_id(_first())).nextInstalment, 1);
        vm.assertEq(_loan(_id(_first())).paidOnNextMinor, 8_000);
    }

    function testNothingIsABatchToo() public {
        vm.assertEq(_batch(outsider, new bytes[](0)).length, 0);
    }

    function testItemsThatAreNoCallFailAlone() public {
        bytes[] memory calls = new bytes[](4);
        calls[0] = "";
        calls[1] = hex"01";
        calls[2] = hex"deadbeef";
        calls[3] = _repayCall(_first(), 1);
        _fundForLedger(borrower, 1);
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.BatchItemFailed(0, bytes4(0), "");
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.BatchItemFailed(1, hex"01000000", "");
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.BatchItemFailed(2, hex"deadbeef", "");
        _batch(borrower, calls);
        vm.assertEq(_loan(_id(_first())).paidOnNextMinor, 1);
    }

    /// @dev An item that gets too little gas fails alone when the rest is enough to go on; the money of no
    /// item goes astray, whatever the gas.
    function testStarvingABatchLosesNothing(uint256 gasSeed) public {
        bytes[] memory calls = new bytes[](2);
        calls[0] = _repayCall(_first(), 10_000);
        calls[1] = _repayCall(_second(), 10_000);
        _fundForLedger(borrower, 20_000);
        uint256 gasGiven = bound(gasSeed, 20_000, 400_000);
        vm.prank(borrower);
        (bool isDone, bytes memory answer) =
            address(ledger).call{gas: gasGiven}(abi.encodeCall(ledger.batch, (calls)));
        uint256 done;
        if (isDone) {
            bytes[] memory errors = abi.decode(answer, (bytes[]));
            for (uint256 i; i < 2; ++i) if (errors[i].length == 0) ++done;
        }
        uint256 repaid = _loan(_id(_first())).paidOnNextMinor + _loan(_id(_second())).paidOnNextMinor;
        vm.assertEq(token.balanceOf(lender), repaid);
        vm.assertEq(ledger.claimableMinor(lender), 0);
        vm.assertLe(repaid, done * 10_000);
    }

    /* NESTING */

    function testRevertsOnABatchInABatch() public {
        bytes[] memory inner = new bytes[](0);
        bytes[] memory calls = new bytes[](2);
        calls[0] = _repayCall(_first(), 1);
        calls[1] = abi.encodeCall(ledger.batch, (inner));
        _fundForLedger(borrower, 1);
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.BatchNested.selector));
        _batch(borrower, calls);
        vm.assertEq(_loan(_id(_first())).paidOnNextMinor, 0);
    }

    /* WHAT IT IS FOR */

    function testNoticesOfADayGoOutInOneTx() public {
        bytes[] memory calls = new bytes[](3);
        for (uint256 i; i < calls.length; ++i) {
            calls[i] = abi.encodeCall(
                ledger.serveNotice, (_id(_first()), "overdue_7", keccak256(abi.encode(i)))
            );
        }
        _batch(servicer, calls);
        for (uint256 i; i < calls.length; ++i) {
            vm.assertGt(ledger.noticeServedAt(_id(_first()), keccak256(abi.encode(i))), 0);
        }
    }

    /// @dev The whole first day in one tx of the lender.
    function testOriginatesAndDisbursesInOneTx() public {
        LoanTerms memory terms = _terms();
        (terms.agreement, terms.signBy) = ("L-2026-0003", 20260105);
        Signatures memory given = _signatures(terms);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(
            ledger.originate, (_witness(terms), _agreement(terms), given.lender, given.borrower, "")
        );
        calls[1] = abi.encodeCall(ledger.disburse, (_witness(terms), _agreement(terms)));
        _fundForLedger(lender, PRINCIPAL);
        bytes[] memory errors = _batch(lender, calls);
        vm.assertEq(errors[0], "");
        vm.assertEq(errors[1], "");
        _assertStatus(_id(terms), Status.Active);
    }

    /// @dev Calls whose code is in `LoanServicing` go through both delegations.
    function testServicingGoesThroughABatch() public {
        vm.warp(_noon(20260209));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ledger.writeOff, (_witness(_first()), "uncollectible"));
        calls[1] = abi.encodeCall(ledger.writeOff, (_witness(_first()), "uncollectible"));
        bytes[] memory errors = _batch(servicer, calls);
        vm.assertEq(errors[0], "");
        vm.assertEq(errors[1], _statusInvalid(_id(_first()), Status.WrittenOff));
    }

    /* RIGHTS */

    function testGivesNoRightsTheCallerDoesNotHave() public {
        vm.warp(_noon(20260210));
        bytes memory unauthorized =
            abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, stranger);
        bytes memory witness = _witness(_first());
        bytes memory agreement = _agreement(_first());
        _expectError(abi.encodeCall(ledger.writeOff, (witness, "reason")), unauthorized);
        bytes memory call =
            abi.encodeCall(ledger.serveNotice, (_id(_first()), "overdue_7", "letter"));
        _expectError(call, unauthorized);
        _expectError(abi.encodeCall(ledger.pause, ()), unauthorized);
        call = abi.encodeCall(ledger.pay, (witness, agreement, steelmaker, 1, MATERIALS, EVIDENCE));
        _expectError(call, _notPermitted(stranger));
        _expectError(
            abi.encodeCall(ledger.withdraw, (witness, agreement, 1)), _notPermitted(stranger)
        );
    }

    function _first() private view returns (LoanTerms memory) {
        return _terms();
    }

    function _second() private view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.agreement = "L-2026-0002";
    }

    function _expectError(bytes memory call, bytes memory expected) private {
        bytes[] memory calls = new bytes[](1);
        calls[0] = call;
        vm.assertEq(_batch(stranger, calls)[0], expected);
    }

    function _expectFailed(uint256 index, bytes memory call, bytes memory reason) private {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.BatchItemFailed(index, bytes4(call), reason);
    }

    function _repayCall(LoanTerms memory terms, uint64 amountMinor) private view returns (bytes memory) {
        return abi.encodeCall(ledger.repay, (_witness(terms), amountMinor));
    }

    function _batch(address caller, bytes[] memory calls) private returns (bytes[] memory) {
        vm.prank(caller);
        return ledger.batch(calls);
    }
}
