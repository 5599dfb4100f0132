// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILoanLedger, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {LoanTest} from "../base/LoanTest.sol";
import {OwnedWallet} from "../doubles/Wallets.sol";

contract RevokeSignatureTest is LoanTest {
    function testTellsWhoRevoked() public {
        bytes32 loanId = ledger.idOf(_terms());
        vm.expectEmit(address(ledger));
        emit ILoanLedger.SignatureRevoked(loanId, lender);
        vm.prank(lender);
        ledger.revokeSignature(loanId);
    }

    function testTheLendersSignatureIsWorthless() public {
        LoanTerms memory terms = _terms();
        _revoke(lender, terms);
        _expectNotOriginable(terms, _revoked(ledger.idOf(terms), lender));
    }

    function testTheBorrowersSignatureIsWorthless() public {
        LoanTerms memory terms = _terms();
        _revoke(borrower, terms);
        _expectNotOriginable(terms, _revoked(ledger.idOf(terms), borrower));
    }

    function testAWalletRevokesForItself() public {
        OwnedWallet wallet = new OwnedWallet(lender);
        _register(address(wallet), PartyRoles.LENDER, 0);
        LoanTerms memory terms = _terms();
        terms.lender = address(wallet);
        wallet.revoke(ledger, ledger.idOf(terms));
        _expectNotOriginable(terms, _revoked(ledger.idOf(terms), address(wallet)));
    }

    /// @dev Nobody can revoke for another.
    function testRevocationsOfOthersChangeNothing() public {
        LoanTerms memory terms = _terms();
        _revoke(stranger, terms);
        _revoke(outsider, terms);
        _revoke(servicer, terms);
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testOtherTermsOfTheSamePartiesStayValid() public {
        LoanTerms memory terms = _terms();
        _revoke(lender, terms);
        terms.agreement = "L-2026-0002";
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsTheSecondTime() public {
        LoanTerms memory terms = _terms();
        _revoke(lender, terms);
        bytes32 loanId = ledger.idOf(terms);
        vm.expectRevert(_revoked(loanId, lender));
        vm.prank(lender);
        ledger.revokeSignature(loanId);
    }

    function testRevertsOnceOriginated() public {
        bytes32 loanId = _originate(_terms());
        vm.expectRevert(abi.encodeWithSelector(ILoanLedger.LoanAlreadyOriginated.selector, loanId));
        vm.prank(borrower);
        ledger.revokeSignature(loanId);
    }

    function _revoke(address party, LoanTerms memory terms) private {
        bytes32 loanId = ledger.idOf(terms);
        vm.prank(party);
        ledger.revokeSignature(loanId);
    }

    function _revoked(bytes32 loanId, address party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILoanLedger.SignatureIsRevoked.selector, loanId, party);
    }
}
