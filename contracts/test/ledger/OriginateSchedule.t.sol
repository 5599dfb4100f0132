// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, Instalment, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {LoanTest} from "../base/LoanTest.sol";

/// @notice Which schedules may be originated.
contract OriginateScheduleTest is LoanTest {
    function testRevertsWithoutInstalments() public {
        LoanTerms memory terms = _terms();
        terms.instalments = new Instalment[](0);
        _expectTermInvalid(terms, "instalments");
    }

    function testTakesTwelveHundredInstalmentsButNoMore() public {
        _assertStatus(_originate(_daily(1200)), Status.Approved);
        _expectTermInvalid(_daily(1201), "instalments");
    }

    function testRevertsOnDueDatesThatDoNotExist() public {
        LoanTerms memory terms = _terms();
        terms.instalments[1].dueOn = 20260230;
        _expectInstalmentInvalid(terms, 1, "dueOn");
    }

    function testRevertsOnUnorderedDueDates() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].dueOn = 20260304;
        _expectInstalmentInvalid(terms, 2, "dueOn");
    }

    function testRevertsOnTwoInstalmentsOnOneDay() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].dueOn = terms.instalments[1].dueOn;
        _expectInstalmentInvalid(terms, 2, "dueOn");
    }

    /// @dev Else it could be overdue when the money comes.
    function testTheFirstInstalmentIsDueAfterTheLastDayOfDisbursement() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0].dueOn = 20260110;
        _expectInstalmentInvalid(terms, 0, "dueOn");
        terms.instalments[0].dueOn = 20260111;
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsOnAnInstalmentOfNothing() public {
        LoanTerms memory terms = _terms();
        terms.instalments[1] = Instalment(20260305, 0, 0);
        terms.instalments[2].principalMinor = 800_000;
        _expectInstalmentInvalid(terms, 1, "principalMinor");
    }

    function testInstalmentsMayBeAllInterestOrAllPrincipal() public {
        LoanTerms memory terms = _terms();
        terms.instalments[0] = Instalment(20260205, 0, 12_000);
        terms.instalments[1] = Instalment(20260305, 1, 0);
        terms.instalments[2] = Instalment(20260405, PRINCIPAL - 1, 1);
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsOnInstalmentsAfterAllPrincipalIsRepaid() public {
        LoanTerms memory terms = _terms();
        terms.instalments[1].principalMinor = 800_000;
        terms.instalments[2] = Instalment(20260405, 0, 1);
        _expectInstalmentInvalid(terms, 2, "principalMinor");
    }

    function testRevertsOnNoPrincipal() public {
        LoanTerms memory terms = _terms();
        terms.principalMinor = 0;
        terms.instalments = new Instalment[](1);
        terms.instalments[0] = Instalment(20260205, 0, 1);
        _expectInstalmentInvalid(terms, 0, "principalMinor");
    }

    function testRevertsWhenTheLastInstalmentLeavesPrincipal() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].principalMinor = 399_999;
        _expectNotOriginable(terms, _notSumming(1));
        terms.instalments[2].principalMinor = 0;
        _expectNotOriginable(terms, _notSumming(400_000));
    }

    /// @dev More than is outstanding would leave a balance below zero, which wraps to one that rises.
    function testRevertsWhenAnInstalmentRepaysMoreThanIsOutstanding() public {
        LoanTerms memory terms = _terms();
        terms.instalments[2].principalMinor = 400_001;
        _expectInstalmentInvalid(terms, 2, "principalMinor");
        terms = _terms();
        terms.instalments[0].principalMinor = PRINCIPAL + 1;
        _expectInstalmentInvalid(terms, 0, "principalMinor");
    }

    function testRevertsOnARisingBalance(uint256 indexSeed, uint64 rise) public {
        LoanTerms memory terms = _termsOf(24);
        uint256 index = bound(indexSeed, 0, 23);
        bytes memory witness = _witness(terms);
        uint64 before = PRINCIPAL - uint64(index) * (PRINCIPAL / 24);
        bytes6 after_ = bytes6(uint48(bound(rise, before + 1, type(uint48).max)));
        // Behind the opening, every instalment ends with the balance it leaves.
        uint256 start = 131 + 10 + 16 * index + 10;
        for (uint256 i; i < 6; ++i) witness[start + i] = after_[i];
        vm.expectRevert(_instalmentInvalid(index, "principalMinor"));
        ledger.digestOf(witness, _agreement(terms));
    }

    function _expectInstalmentInvalid(LoanTerms memory terms, uint256 index, bytes32 field) private {
        _expectNotOriginable(terms, _instalmentInvalid(index, field));
    }

    function _instalmentInvalid(uint256 index, bytes32 field) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.InstalmentInvalid.selector, index, field);
    }

    function _expectTermInvalid(LoanTerms memory terms, bytes32 field) private {
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.TermInvalid.selector, field)
        );
    }

    function _notSumming(uint64 leftMinor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.ScheduleNotSummingToPrincipal.selector, leftMinor);
    }

    /// @dev One instalment on each of the first 28 days of every month from February 2026 on.
    function _daily(uint256 count) private view returns (LoanTerms memory terms) {
        terms = _terms();
        terms.instalments = new Instalment[](count);
        for (uint256 i; i < count; ++i) {
            uint256 month = i / 28 + 1;
            uint256 dueOn = (2026 + month / 12) * 10_000 + (month % 12 + 1) * 100 + i % 28 + 1;
            terms.instalments[i] = Instalment(uint32(dueOn), 1, 0);
        }
        terms.instalments[0].principalMinor = PRINCIPAL - uint64(count) + 1;
    }
}
