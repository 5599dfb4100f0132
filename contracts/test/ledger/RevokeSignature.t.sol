// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILedgerErrors, ILedgerEvents, LoanTerms, Status} from "../../interfaces/ILoanLedger.sol";
import {IPartyRegistry, PartyRoles} from "../../interfaces/IPartyRegistry.sol";
import {ServicingTest} from "../base/ServicingTest.sol";
import {OwnedWallet} from "../doubles/Wallets.sol";

/// @notice Signatures taken back: of one agreement by `revokeSignature`, of all by the registry's nonce.
contract RevokeSignatureTest is ServicingTest {
    /* OF ONE AGREEMENT */

    function testTellsWhoRevoked() public {
        vm.expectEmit(address(ledger));
        emit ILedgerEvents.SignatureRevoked(_id(_terms()), lender);
        _revoke(lender, _terms());
        _assertStatus(_id(_terms()), Status.Revoked);
    }

    function testAnyWhoSignsRevokes() public {
        address[3] memory parties = [lender, borrower, guarantor];
        for (uint256 i; i < 3; ++i) {
            LoanTerms memory terms = _termsWithAll();
            terms.agreement = bytes32(bytes1(uint8(0x41 + i)));
            _revoke(parties[i], terms);
            _expectNotTaken(terms, _revoked(_id(terms)));
        }
    }

    function testAWalletRevokesForItself() public {
        OwnedWallet wallet = new OwnedWallet(lender);
        _register(address(wallet), PartyRoles.LENDER, 0);
        LoanTerms memory terms = _terms();
        terms.lender = address(wallet);
        wallet.revoke(ledger, _witness(terms));
        _expectNotTaken(terms, _revoked(_id(terms)));
    }

    /// @dev Nobody can revoke for another. The guarantor of these terms is nobody.
    function testRevertsForAnyoneElse() public {
        address[4] memory others = [stranger, outsider, servicer, guarantor];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(_notPermitted(others[i]));
            _revoke(others[i], _terms());
        }
        _assertStatus(_originate(_terms()), Status.Approved);
    }

    function testOtherTermsOfTheSamePartiesStayValid() public {
        LoanTerms memory terms = _terms();
        _revoke(lender, terms);
        terms.agreement = "L-2026-0002";
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testRevertsTheSecondTime() public {
        _revoke(lender, _terms());
        vm.expectRevert(_revoked(_id(_terms())));
        _revoke(lender, _terms());
        vm.expectRevert(_revoked(_id(_terms())));
        _revoke(borrower, _terms());
    }

    function testRevertsOnceOriginated() public {
        bytes32 loanId = _originate(_terms());
        vm.expectRevert(abi.encodeWithSelector(ILedgerErrors.LoanAlreadyOriginated.selector, loanId));
        _revoke(borrower, _terms());
    }

    /// @dev Revoked terms are no loan: nothing else finds them.
    function testRevokedTermsAreNoLoan() public {
        LoanTerms memory terms = _terms();
        _revoke(lender, terms);
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));
        vm.expectRevert(_unknown(_id(terms)));
        ledger.repay(_witness(terms), 1);
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(lender);
        ledger.cancel(_witness(terms));
        vm.expectRevert(_unknown(_id(terms)));
        vm.prank(servicer);
        ledger.serveNotice(_id(terms), "overdue_7", "letter");
    }

    /* OF ALL AGREEMENTS: the registry's nonce */

    function testCancellingAllTellsTheNewNonce() public {
        vm.expectEmit(address(registry));
        emit IPartyRegistry.SignaturesCancelled(borrower, 1);
        _cancelSignatures(borrower);
        vm.assertEq(registry.partyOf(borrower).signatureNonce, 1);
        _cancelSignatures(borrower);
        vm.assertEq(registry.partyOf(borrower).signatureNonce, 2);
    }

    function testSignaturesUnderAnEarlierNonceAreWorthless() public {
        address[3] memory parties = [lender, borrower, guarantor];
        Signatures memory given = _signatures(_termsWithAll());
        for (uint256 i; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            _cancelSignatures(parties[i]);
            vm.expectRevert(_nonceInvalid(parties[i], 0));
            _originate(_termsWithAll(), given);
            vm.revertToState(snapshot);
        }
        _assertStatus(_originate(_termsWithAll(), given), Status.Approved);
    }

    function testTermsCarryThePresentNonces() public {
        _cancelSignatures(lender);
        _cancelSignatures(borrower);
        _cancelSignatures(borrower);
        _cancelSignatures(guarantor);
        LoanTerms memory terms = _termsWithAll();
        (terms.lenderNonce, terms.borrowerNonce, terms.guarantorNonce) = (1, 3, 1);
        _expectNotTaken(terms, _nonceInvalid(borrower, 3));
        terms.borrowerNonce = 2;
        _assertStatus(_originate(terms), Status.Approved);
    }

    function testCancellingSignaturesStopsNoLoan() public {
        LoanTerms memory terms = _terms();
        bytes32 loanId = _originate(terms);
        _cancelSignatures(lender);
        _cancelSignatures(borrower);
        vm.warp(_noon(20260105));
        _fundForLedger(lender, PRINCIPAL);
        vm.prank(lender);
        ledger.disburse(_witness(terms), _agreement(terms));
        _repay(terms, borrower, 412_000);
        _assertStatus(loanId, Status.Active);
    }

    function testOnlyPartiesHaveSignaturesToCancel() public {
        vm.expectRevert(
            abi.encodeWithSelector(IPartyRegistry.PartyNotRegistered.selector, outsider)
        );
        _cancelSignatures(outsider);
    }

    function _cancelSignatures(address party) private {
        vm.prank(party);
        registry.cancelSignatures();
    }

    function _revoke(address party, LoanTerms memory terms) private {
        vm.prank(party);
        ledger.revokeSignature(_witness(terms));
    }

    function _revoked(bytes32 loanId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.SignatureIsRevoked.selector, loanId);
    }

    function _nonceInvalid(address signer, uint32 nonce) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILedgerErrors.SignatureNonceInvalid.selector, signer, nonce);
    }
}
