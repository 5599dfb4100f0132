// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {ILedgerErrors, LoanState, LoanTerms, Owed} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {SlowCalendar} from "../base/SlowCalendar.sol";

interface ILedgerParts {
    function REGISTRY() external view returns (address);
    function TOKEN() external view returns (address);
    function SERVICING() external view returns (address);
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

    function testTheLedgerNamesItsServicing() public view {
        ILedgerParts servicing = ILedgerParts(ILedgerParts(address(ledger)).SERVICING());
        vm.assertEq(servicing.REGISTRY(), address(registry));
        vm.assertEq(servicing.TOKEN(), address(token));
        vm.assertEq(servicing.authority(), address(authority));
    }

    /// @dev From the terms themselves, by the documented layout, so that Python makes it too.
    function testTheIdIsTheDocumentedHash() public view {
        vm.assertEq(ledger.idOf(_witness(_terms())), _id(_terms()));
        vm.assertEq(ledger.idOf(_witness(_termsWithAll())), _id(_termsWithAll()));
    }

    function testUnknownLoansAreAllZeroAndOweNothing() public view {
        LoanState memory state;
        Owed memory owed;
        LoanTerms memory terms = _terms();
        _assertSame(ledger.loanOf(_id(terms)), state);
        _assertSame(_owedAt(terms, _noon(20270101)), owed);
    }

    function testNothingIsOwedBeforeDisbursementNorAfterTheEnd() public {
        Owed memory owed;
        LoanTerms memory terms = _terms();
        _originate(terms);
        _assertSame(_owedAt(terms, _noon(20270101)), owed);
        vm.prank(lender);
        ledger.cancel(_witness(terms));
        _assertSame(_owedAt(terms, _noon(20270101)), owed);
        terms.agreement = "L-2026-0002";
        _disburse(terms);
        _payoff(terms, stranger);
        _assertSame(_owedAt(terms, _noon(20270101)), owed);
        _assertSame(_owedAt(terms, 0), owed);
    }

    function testRevertsOnDaysBeforeTheLastAccrual() public {
        _disburse(_terms());
        vm.warp(_noon(20260210));
        _repay(_terms(), borrower, 1);
        uint32 accruedOn = uint32(SlowCalendar.daysOf(20260210));
        _owedAt(_terms(), _midnight(20260210));
        uint256 asOf = _midnight(20260210) - 1;
        vm.expectRevert(
            abi.encodeWithSelector(ILedgerErrors.TimeBeforeAccrual.selector, asOf, accruedOn)
        );
        _owedAt(_terms(), asOf);
    }

    /// @dev Whenever asked, the view says what the calls would take.
    function testTheViewForetellsTheCalls(uint256 timeSeed, uint64 amountSeed, bool isPayoff) public {
        LoanTerms memory terms = _termsWithAll();
        _disburse(terms);
        uint256 later = bound(timeSeed, vm.getBlockTimestamp(), _noon(20280101));
        _repay(terms, borrower, uint64(bound(amountSeed, 1, 400_000)));
        Owed memory owed = _owedAt(terms, later);
        uint256 due = owed.penaltyMinor + owed.interestMinor;

        vm.warp(later);
        _fundForLedger(stranger, 10 * PRINCIPAL);
        vm.startPrank(stranger);
        if (isPayoff) {
            uint256 rest =
                owed.payoffInterestMinor + owed.outstandingPrincipalMinor + owed.payoffFeeMinor;
            vm.assertEq(ledger.payoff(_witness(terms), type(uint64).max), due + rest);
        } else {
            uint256 rest = owed.principalMinor + owed.currentMinor;
            vm.assertEq(ledger.repay(_witness(terms), type(uint64).max), due + rest);
        }
        vm.stopPrank();
    }

    function testAskingChangesNothing() public {
        bytes32 loanId = _disburse(_terms());
        vm.warp(_noon(20260401));
        LoanState memory before = ledger.loanOf(loanId);
        _owedAt(_terms(), _noon(20270101));
        _assertSame(ledger.loanOf(loanId), before);
    }
}
