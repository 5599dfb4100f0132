// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {CollectableBy, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {GasTest} from "./GasTest.sol";

/// @notice What one, three and ten calls in one tx cost: loans of one lender to ten borrowers. `borrower`
/// repays for all of them; collected is from each.
/// forge-config: default.isolate = true
contract BatchGasTest is GasTest {
    using Strings for uint256;

    uint256 private constant ITEMS = 10;
    uint256 private constant SECOND_DUE = 20260305;

    struct Lent {
        address borrower;
        uint256 borrowerKey;
        LoanTerms terms;
    }

    function testOriginate() public {
        _measureEach(_measureOriginate);
    }

    function testRepay() public {
        _measureEach(_measureRepay);
    }

    function testCollect() public {
        _measureEach(_measureCollect);
    }

    function testServeNotices() public {
        _measureEach(_measureServeNotice);
    }

    function _measureOriginate(uint256 count) private {
        bytes[] memory calls = new bytes[](ITEMS);
        for (uint256 i; i < ITEMS; ++i) calls[i] = _originateCall(_agreedWith(i, count));
        _measureBatches("batch_originate", count, lender, calls);
    }

    function _measureRepay(uint256 count) private {
        LoanTerms[] memory loans = _lentToTen(count);
        bytes[] memory calls = new bytes[](ITEMS);
        for (uint256 i; i < ITEMS; ++i) {
            calls[i] = abi.encodeCall(
                ledger.repay, (_shown(loans[i], 1, SECOND_DUE), _amountOf(loans[i], 1))
            );
        }
        uint256 before = token.balanceOf(lender);
        _measureBatches("batch_repay", count, borrower, calls);
        vm.assertEq(token.balanceOf(lender) - before, ITEMS * _amountOf(loans[0], 1));
    }

    function _measureCollect(uint256 count) private {
        LoanTerms[] memory loans = _lentToTen(count);
        bytes[] memory calls = new bytes[](ITEMS);
        for (uint256 i; i < ITEMS; ++i) {
            calls[i] = abi.encodeCall(ledger.collect, (_shown(loans[i], 1, SECOND_DUE)));
        }
        uint256 before = token.balanceOf(lender);
        _measureBatches("batch_collect", count, servicer, calls);
        vm.assertEq(token.balanceOf(lender) - before, ITEMS * _amountOf(loans[0], 1));
    }

    function _measureServeNotice(uint256 count) private {
        LoanTerms[] memory loans = _lentToTen(count);
        bytes[] memory calls = new bytes[](ITEMS);
        for (uint256 i; i < ITEMS; ++i) {
            calls[i] = abi.encodeCall(ledger.serveNotice, (_id(loans[i]), "overdue_7", EVIDENCE));
        }
        _measureBatches("batch_serve_notice", count, servicer, calls);
    }

    /// @dev The first one, three and ten of `calls` as one tx each, from the same state; the ten stay.
    function _measureBatches(
        string memory name,
        uint256 count,
        address caller,
        bytes[] memory calls
    ) private {
        uint256 before = vm.snapshotState();
        _measureBatch(name, count, caller, calls, 1);
        vm.revertToState(before);
        _measureBatch(name, count, caller, calls, 3);
        vm.revertToState(before);
        _measureBatch(name, count, caller, calls, ITEMS);
    }

    function _measureBatch(
        string memory name,
        uint256 count,
        address caller,
        bytes[] memory calls,
        uint256 items
    ) private {
        bytes[] memory first = new bytes[](items);
        for (uint256 i; i < items; ++i) first[i] = calls[i];
        vm.prank(caller);
        bytes[] memory errors = ledger.batch(first);
        _snapshot(string.concat(name, "/", items.toString()), count);
        for (uint256 i; i < items; ++i) vm.assertEq(errors[i], "");
    }

    /* TEN LOANS */

    function _agreedWith(uint256 index, uint256 count) private returns (Lent memory lent) {
        string memory number = (1 + index).toString();
        (lent.borrower, lent.borrowerKey) = makeKey(string.concat("borrower ", number));
        _register(lent.borrower, PartyRoles.BORROWER, 0);
        lent.terms = _termsOf(count);
        lent.terms.agreement = bytes32(bytes(string.concat("L-2026-", number)));
        lent.terms.borrower = lent.borrower;
        lent.terms.mandateMinorMax = 1_000_000;
        lent.terms.collectableBy = CollectableBy.Lender;
    }

    function _originateCall(Lent memory lent) private view returns (bytes memory) {
        bytes memory witness = _witness(lent.terms);
        bytes memory agreement = _agreement(lent.terms);
        bytes32 digest = ledger.digestOf(witness, agreement);
        return abi.encodeCall(
            ledger.originate,
            (witness, agreement, _sign(lenderKey, digest), _sign(lent.borrowerKey, digest), "")
        );
    }

    /// @dev Loans of which the first instalment was collected and the second falls due today.
    function _lentToTen(uint256 count) private returns (LoanTerms[] memory loans) {
        loans = new LoanTerms[](ITEMS);
        for (uint256 i; i < ITEMS; ++i) {
            vm.warp(_noon(20260102));
            Lent memory lent = _agreedWith(i, count);
            LoanTerms memory terms = lent.terms;
            loans[i] = terms;
            _send(lender, _originateCall(lent));
            vm.warp(_noon(terms.disburseOn));
            _send(
                lender,
                abi.encodeCall(ledger.disburse, (_witness(terms, 0, 1), _agreement(terms)))
            );
            _fund(lent.borrower, PRINCIPAL);
            _letLedgerTakeFrom(lent.borrower);
            vm.warp(_noon(20260205));
            _send(servicer, abi.encodeCall(ledger.collect, (_witness(terms, 0, 1))));
        }
        _fund(borrower, ITEMS * PRINCIPAL);
        vm.warp(_noon(SECOND_DUE));
    }
}
