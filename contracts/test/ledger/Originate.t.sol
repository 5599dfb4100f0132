// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ILedgerErrors,
    ILedgerEvents,
    LoanState,
    LoanTerms,
    Status
} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";

/// @notice `originate`: who, when and how often. Signatures and terms have files of their own.
contract OriginateTest is ServicingTest {
    function testRecordsTheLoanAndTellsAllItsTerms() public {
        LoanTerms memory terms = _terms();
        bytes32 loanId = _id(terms);
        Signatures memory given = _signatures(terms);

        vm.expectEmit(address(ledger));
        emit ILedgerEvents.LoanOriginated(
            loanId, lender, borrower, _witness(terms), _agreement(terms)
        );
        vm.prank(outsider);
        bytes32 returned = _originate(terms, given);

        vm.assertEq(returned, loanId);
        LoanState memory expected;
        expected.loan.status = Status.Approved;
        _assertSame(ledger.loanOf(loanId), expected);
    }

    function testMovesNoMoney() public {
        _fundForLedger(lender, PRINCIPAL);
        _originate(_terms());
        vm.assertEq(token.balanceOf(lender), PRINCIPAL);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function testTheAgreementNumberMakesEqualTermsTwoLoans() public {
        LoanTerms memory terms = _terms();
        bytes32 first = _originate(terms);
        terms.agreement = "L-2026-0002";
        vm.assertNotEq(_originate(terms), first);
    }

    function testRevertsOnTheSameTermsTwice() public {
        LoanTerms memory terms = _terms();
        bytes32 loanId = _originate(terms);
        _expectNotTaken(
            terms, abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, loanId)
        );
    }

    function testRevertsOnTheSameTermsAfterClosing() public {
        LoanTerms memory terms = _terms();
        terms.signBy = 20301231;
        bytes32 loanId = _disburse(terms);
        _payoff(terms, stranger);
        _assertStatus(loanId, Status.Closed);
        _expectNotTaken(
            terms, abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, loanId)
        );
    }

    function testRevertsOnAnotherCurrency() public {
        LoanTerms memory terms = _terms();
        terms.currency = "USD";
        _expectNotOriginable(
            terms, abi.encodeWithSelector(ILedgerErrors.CurrencyMismatch.selector, bytes32("USD"))
        );
    }

    /* LAST DAY OF THE SIGNATURES */

    function testAcceptsSignaturesInTheLastSecondOfTheirLastDay() public {
        vm.warp(_lastSecond(20260103));
        _assertStatus(_originate(_terms()), Status.Approved);
    }

    function testRevertsOneSecondLater() public {
        vm.warp(_lastSecond(20260103) + 1);
        _expectNotTaken(
            _terms(), abi.encodeWithSelector(ILedgerErrors.SignatureExpired.selector, uint32(20260103))
        );
    }

    /// @dev The last day ends when it ends where the terms count their days.
    function testTheLastDayEndsByTheTermsOwnClock(int16 offsetSeed) public {
        LoanTerms memory terms = _terms();
        terms.utcOffsetMinutes = int16(int256(bound(uint16(offsetSeed), 0, 26 * 60)) - 12 * 60);
        uint256 endsAtUtc = _lastSecond(20260103) + 8 hours + 1;
        uint256 endsAt = uint256(int256(endsAtUtc) - int256(terms.utcOffsetMinutes) * 60);

        vm.warp(endsAt);
        _expectNotTaken(
            terms, abi.encodeWithSelector(ILedgerErrors.SignatureExpired.selector, uint32(20260103))
        );
        vm.warp(endsAt - 1);
        _assertStatus(_originate(terms), Status.Approved);
    }

    /* PARTIES */

    function testRevertsWhenTheLenderIsNotRegistered() public {
        LoanTerms memory terms = _terms();
        terms.lender = outsider;
        _expectNotActive(terms, outsider, PartyRoles.LENDER);
    }

    function testRevertsWhenTheLenderIsNoLender() public {
        LoanTerms memory terms = _terms();
        terms.lender = stranger;
        _expectNotActive(terms, stranger, PartyRoles.LENDER);
    }

    function testRevertsWhenTheLenderIsFrozen() public {
        _freeze(lender);
        _expectNotActive(_terms(), lender, PartyRoles.LENDER);
    }

    function testRevertsWhenTheBorrowerIsNotRegistered() public {
        LoanTerms memory terms = _terms();
        terms.borrower = outsider;
        _expectNotActive(terms, outsider, PartyRoles.BORROWER);
    }

    function testRevertsWhenTheBorrowerIsNoBorrower() public {
        LoanTerms memory terms = _terms();
        terms.borrower = stranger;
        _expectNotActive(terms, stranger, PartyRoles.BORROWER);
    }

    function testRevertsWhenTheBorrowerIsFrozen() public {
        _freeze(borrower);
        _expectNotActive(_terms(), borrower, PartyRoles.BORROWER);
    }

    function testRevertsOnNobodyAsAParty() public {
        LoanTerms memory terms = _termsWithAll();
        terms.lender = address(0);
        _expectNotActive(terms, address(0), PartyRoles.LENDER);
        terms = _termsWithAll();
        terms.borrower = address(0);
        _expectNotActive(terms, address(0), PartyRoles.BORROWER);
    }

    function testAPartyMayHoldSeveralRoles() public {
        _setRoles(lender, PartyRoles.LENDER | PartyRoles.BORROWER | PartyRoles.GUARANTOR);
        _setRoles(borrower, PartyRoles.LENDER | PartyRoles.BORROWER);
        _assertStatus(_originate(_terms()), Status.Approved);
    }

    function _expectNotActive(LoanTerms memory terms, address party, uint32 roles) private {
        _expectNotTaken(terms, _notActiveAs(party, roles));
    }
}
