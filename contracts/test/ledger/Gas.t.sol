// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {console} from "hardhat/console.sol";

import {Instalment, LoanTerms} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice What the entry points cost as txs of their own, intrinsic gas and calldata included, printed
/// with -vv. The bounds leave a little room: a change that breaks one has to be meant.
/// hardhat-config: isolate = true
contract GasTest is LoanTest {
    function testGasOfTwelveInstalments() public {
        _measure(12);
    }

    function testGasOfThirtySixInstalments() public {
        _measure(36);
    }

    /// @dev Even the longest schedule, all of it overdue, stays payable in a tx of half a common block.
    function testGasOfTheLongestLoan() public {
        LoanTerms memory terms = _terms();
        terms.instalments = new Instalment[](1200);
        for (uint256 i; i < 1200; ++i) {
            uint256 month = i / 28 + 1;
            uint256 dueOn = (2026 + month / 12) * 10_000 + (month % 12 + 1) * 100 + i % 28 + 1;
            terms.instalments[i] = Instalment(uint32(dueOn), 1_000, 10);
        }
        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        ledger.originate(terms, lenderSignature, borrowerSignature);
        _expectBelow("originate n=1200", 5_000_000);

        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(terms);
        vm.warp(_noon(20300105));
        _fundForLedger(borrower, 2 * PRINCIPAL);
        vm.prank(borrower);
        ledger.repay(terms, PRINCIPAL);
        _expectBelow("repay n=1200", 5_000_000);
        vm.prank(borrower);
        ledger.payoff(terms, type(uint64).max);
        _expectBelow("payoff n=1200", 5_000_000);
    }

    function testGasOfTenRepaymentsInOneTx() public {
        bytes[] memory calls = new bytes[](10);
        for (uint256 i; i < calls.length; ++i) {
            vm.warp(_noon(20260102));
            LoanTerms memory terms = _termsOf(36);
            terms.agreement = bytes32(abi.encodePacked("L-", bytes1(uint8(0x30 + i))));
            _disburse(terms);
            calls[i] = abi.encodeCall(ledger.repay, (terms, 40_000));
        }
        _fundForLedger(borrower, 1_000_000);
        vm.warp(_noon(20260210));
        vm.prank(borrower);
        Multicall(address(ledger)).multicall(calls);
        _expectBelow("ten repay n=36 in one tx", 750_000);
    }

    function _measure(uint256 count) private {
        LoanTerms memory terms = _termsOf(count);
        console.log("n = %d", count);

        (bytes memory lenderSignature, bytes memory borrowerSignature) = _signatures(terms);
        bytes32 loanId = ledger.originate(terms, lenderSignature, borrowerSignature);
        _expectBelow("originate", 240_000);

        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(terms);
        _expectBelow("disburse", 125_000);

        vm.prank(borrower);
        ledger.pay(terms, steelmaker, 300_000, MATERIALS, EVIDENCE);
        _expectBelow("pay", 140_000);

        _fund(lender, 1);
        _fundForLedger(borrower, 2 * PRINCIPAL);
        vm.warp(_noon(20260205));
        uint64 half = ledger.repayableAt(terms, vm.getBlockTimestamp()) / 2;
        vm.prank(borrower);
        ledger.repay(terms, half);
        _expectBelow("repay, first", 110_000);

        vm.warp(_noon(20260325));
        half = ledger.repayableAt(terms, vm.getBlockTimestamp()) / 2;
        vm.prank(borrower);
        ledger.repay(terms, half);
        _expectBelow("repay, overdue", 115_000);

        vm.prank(servicer);
        ledger.serveNotice(loanId, "overdue_7", keccak256("letter"));
        _expectBelow("serveNotice", 70_000);

        vm.prank(borrower);
        ledger.payoff(terms, type(uint64).max);
        _expectBelow("payoff", 125_000);
    }

    function _expectBelow(string memory what, uint256 most) private {
        uint256 used = vm.snapshotGasLastCall(what);
        console.log("  %s: %d", what, used);
        vm.assertLt(used, most, what);
    }
}
