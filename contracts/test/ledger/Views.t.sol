// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {ILoanLedger, Loan, LoanTerms, Owed, Status} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

interface ILedgerParts {
    function REGISTRY() external view returns (address);
    function TOKEN() external view returns (address);
    function authority() external view returns (address);
}

contract ViewsTest is LoanTest {
    function testTheLedgerNamesItsParts() public view {
        ILedgerParts parts = ILedgerParts(address(ledger));
        vm.assertEq(parts.REGISTRY(), address(registry));
        vm.assertEq(parts.TOKEN(), address(token));
        vm.assertEq(parts.authority(), address(authority));
    }

    function testTheLedgerNamesItsSigningDomain() public view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
        ) = IERC5267(address(ledger)).eip712Domain();
        vm.assertEq(bytes32(fields), bytes32(bytes1(0x0f)));
        vm.assertEq(name, "Tallystick LoanLedger");
        vm.assertEq(version, "1");
        vm.assertEq(chainId, block.chainid);
        vm.assertEq(verifyingContract, address(ledger));
        vm.assertEq(salt, 0);
    }

    /// @dev Head words, then one hash for each array: as documented, so that Python makes it too.
    function testTheIdIsTheDocumentedHash() public view {
        LoanTerms memory terms = _terms();
        bytes memory encoded = abi.encode(terms);
        bytes memory head = new bytes(18 * 32);
        for (uint256 i; i < head.length; ++i) head[i] = encoded[32 + i];
        bytes memory purposes;
        for (uint256 i; i < 3; ++i) purposes = bytes.concat(purposes, abi.encode(terms.purposes[i]));
        bytes memory instalments;
        for (uint256 i; i < 3; ++i) {
            instalments = bytes.concat(instalments, abi.encode(terms.instalments[i]));
        }
        vm.assertEq(
            ledger.idOf(terms),
            keccak256(bytes.concat(head, keccak256(purposes), keccak256(instalments)))
        );
    }

    function testUnknownLoansAreAllZeroAndOweNothing() public view {
        Loan memory loan;
        Owed memory owed;
        LoanTerms memory terms = _terms();
        _assertSame(ledger.loanOf(ledger.idOf(terms)), loan);
        _assertSame(ledger.owedAt(terms, _noon(20270101)), owed);
        vm.assertEq(ledger.repayableAt(terms, _noon(20270101)), 0);
        vm.assertEq(ledger.payoffAt(terms, _noon(20270101)), 0);
    }

    function testNothingIsOwedBeforeDisbursementNorAfterClosing() public {
        Owed memory owed;
        LoanTerms memory terms = _terms();
        _originate(terms);
        _assertSame(ledger.owedAt(terms, _noon(20270101)), owed);
        vm.warp(_noon(20260102));
        terms.agreement = "L-2026-0002";
        _disburse(terms);
        _payoff(terms, stranger);
        _assertSame(ledger.owedAt(terms, _noon(20270101)), owed);
        vm.assertEq(ledger.payoffAt(terms, 0), 0);
    }

    function testRevertsOnDaysBeforeTheLastAccrual() public {
        _disburse(_terms());
        vm.warp(_noon(20260210));
        _repay(_terms(), borrower, 1);
        uint32 accruedOn = uint32(SlowCalendar.daysOf(20260210));
        ledger.owedAt(_terms(), _midnight(20260210));
        uint256 asOf = _midnight(20260210) - 1;
        bytes memory tooEarly =
            abi.encodeWithSelector(ILoanLedger.TimeBeforeAccrual.selector, asOf, accruedOn);
        vm.expectRevert(tooEarly);
        ledger.owedAt(_terms(), asOf);
        vm.expectRevert(tooEarly);
        ledger.repayableAt(_terms(), asOf);
        vm.expectRevert(tooEarly);
        ledger.payoffAt(_terms(), asOf);
    }

    /// @dev Whenever asked, the views say what the calls would take.
    function testTheViewsForetellTheCalls(uint256 timeSeed, uint64 amountSeed, bool isPayoff) public {
        _disburse(_terms());
        uint256 later = bound(timeSeed, vm.getBlockTimestamp(), _noon(20280101));
        _repay(_terms(), borrower, uint64(bound(amountSeed, 1, 500_000)));
        uint64 repayable = ledger.repayableAt(_terms(), later);
        uint64 payoff = ledger.payoffAt(_terms(), later);
        Owed memory owed = ledger.owedAt(_terms(), later);
        vm.assertEq(
            repayable,
            owed.penaltyMinor + owed.interestMinor + owed.principalMinor + owed.currentMinor
        );
        vm.assertEq(
            payoff,
            owed.penaltyMinor + owed.interestMinor + owed.payoffInterestMinor
                + owed.outstandingPrincipalMinor
        );

        vm.warp(later);
        _fundForLedger(stranger, 10 * PRINCIPAL);
        vm.startPrank(stranger);
        if (isPayoff) vm.assertEq(ledger.payoff(_terms(), type(uint64).max), payoff);
        else vm.assertEq(ledger.repay(_terms(), type(uint64).max), repayable);
        vm.stopPrank();
    }

    function testAskingChangesNothing() public {
        bytes32 loanId = _disburse(_terms());
        vm.warp(_noon(20260401));
        Loan memory before = ledger.loanOf(loanId);
        ledger.owedAt(_terms(), _noon(20270101));
        ledger.repayableAt(_terms(), _noon(20270101));
        ledger.payoffAt(_terms(), _noon(20270101));
        _assertSame(ledger.loanOf(loanId), before);
        _assertStatus(loanId, Status.Active);
    }
}
