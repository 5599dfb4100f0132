// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Instalment, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @title GasTest
/// @notice Base of the measurements. Each is of a tx of its own, intrinsic gas and calldata included,
/// and is compared with the snapshot of its contract in `contracts/test/snapshots`.
///
/// Measured is the steady state: the ledger holds other loans' money, receivers have some already, and
/// payers gave the ledger an allowance without end. Loans have 12, 36 and 60 instalments.
abstract contract GasTest is LoanTest {
    using Strings for uint256;

    address internal assignee;
    uint256 internal assigneeKey;

    function setUp() public virtual override {
        super.setUp();
        LoanTerms memory other = _terms();
        other.agreement = "L-2025-0001";
        _disburse(other);
        vm.warp(_noon(20260102));
        (assignee, assigneeKey) = makeKey("assignee");
        _register(assignee, PartyRoles.LENDER, 0);
        _fund(lender, 20 * PRINCIPAL);
        _fund(steelmaker, 1);
        _fund(outfitter, 1);
        _letLedgerTakeFrom(lender);
        _letLedgerTakeFrom(borrower);
    }

    /* MEASURING */

    /// @dev Measures for each number of instalments, from the same state.
    function _measureEach(function(uint256) internal measure) internal {
        uint256 clean = vm.snapshotState();
        for (uint256 count = 12; count <= 60; count += 24) {
            measure(count);
            vm.revertToState(clean);
        }
    }

    /// @dev What the tx before cost.
    function _snapshot(string memory name, uint256 count) internal {
        vm.snapshotGasLastCall(string.concat(name, "/", count.toString()));
    }

    /// @dev Calls the ledger.
    function _send(address caller, bytes memory callData) internal {
        vm.prank(caller);
        (bool isDone, bytes memory returned) = address(ledger).call(callData);
        if (isDone) return;
        assembly ("memory-safe") {
            revert(add(returned, 0x20), mload(returned))
        }
    }

    /// @dev Measures a call with the witness a writer makes, and with one that shows every page.
    function _measureCall(
        string memory name,
        uint256 count,
        address caller,
        bytes memory callData,
        bytes memory fullCallData
    ) internal {
        uint256 before = vm.snapshotState();
        _send(caller, fullCallData);
        _snapshot(string.concat(name, "_full_witness"), count);
        vm.revertToState(before);
        _send(caller, callData);
        _snapshot(name, count);
    }

    /* TERMS */

    /// @dev The terms with everything that can be agreed, over `count` instalments.
    function _termsWithAllOf(uint256 count) internal view returns (LoanTerms memory terms) {
        terms = _termsWithAll();
        terms.instalments = _termsOf(count).instalments;
    }

    function _amountOf(LoanTerms memory terms, uint256 index) internal pure returns (uint64) {
        Instalment memory row = terms.instalments[index];
        return row.principalMinor + row.interestMinor;
    }

    /// @dev The witness writers make: the pages from the next instalment to the first one not due, and
    /// one instalment more, so that neither a day nor another's repayment outruns it.
    function _shown(LoanTerms memory terms, uint256 next, uint256 today)
        internal
        pure
        returns (bytes memory)
    {
        uint256 count = terms.instalments.length;
        uint256 end = next;
        while (end < count && terms.instalments[end].dueOn <= today) ++end;
        end = end + 2 < count ? end + 2 : count;
        return _witness(terms, next / 12, (end + 11) / 12 - next / 12);
    }

    /* A LOAN'S LIFE */

    function _letLedgerTakeFrom(address party) internal {
        vm.prank(party);
        token.approve(address(ledger), type(uint256).max);
    }

    /// @dev Disbursed, and all proceeds used.
    function _lend(LoanTerms memory terms) internal {
        _originate(terms);
        vm.warp(_noon(terms.disburseOn));
        _fund(borrower, 2 * PRINCIPAL);
        bytes memory witness = _witness(terms);
        bytes memory agreement = _agreement(terms);
        _send(lender, abi.encodeCall(ledger.disburse, (witness, agreement)));
        _send(
            borrower,
            abi.encodeCall(
                ledger.pay, (witness, agreement, steelmaker, MATERIALS_CAP, MATERIALS, EVIDENCE)
            )
        );
        _send(
            borrower,
            abi.encodeCall(
                ledger.pay, (witness, agreement, outfitter, MACHINES_CAP, MACHINES, EVIDENCE)
            )
        );
    }

    /// @dev Likewise, and the first `paid` instalments repaid, each on its due date.
    function _lendAndRepay(LoanTerms memory terms, uint256 paid) internal {
        _lend(terms);
        for (uint256 i; i < paid; ++i) {
            vm.warp(_noon(terms.instalments[i].dueOn));
            _send(borrower, abi.encodeCall(ledger.repay, (_witness(terms), _amountOf(terms, i))));
        }
    }
}
